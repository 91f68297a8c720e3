using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Models;
using ResearchKit.Testing;

namespace ResearchKit.Experiments.Tests;

/// <summary>A folder with a tiny model and a comparison of five cells on it: two tasks with 0 and 2 shots, one of them also fine-tuned.</summary>
internal sealed class TinyComparison : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TinyComparison() => TinyModelFolder.Make(Path.Combine(Base, "models", "tiny"));

    public static ComputeDevice Device { get; } = new("cpu", 1);

    /// <summary>Where the experiment file would stand.</summary>
    public string Base => Path.Combine(_folder.Path, "experiments");

    public string Run => _folder.File("run");

    /// <summary>A path of the test's own folder.</summary>
    public string File(string name) => _folder.File(name);

    public string Cells => Path.Combine(Run, "cells");

    public ComparisonConfig Config => new()
    {
        Name = "tiny",
        Models = ["models/tiny"],
        Tasks = [new() { Name = "suite/label-induction", Limit = 6 }, new() { Name = "suite/function-copy", Limit = 4, FineTune = false }],
        InContext = new() { Shots = [0, 2], Seeds = [1] },
        FineTuning = new() { Examples = [8], Seeds = [1], Recipes = new Dictionary<string, FineTuneRecipe> { ["gpt1"] = new() { Epochs = 1, BatchSize = 4, LearningRate = 0.01 } } },
        Output = Run,
    };

    public RunOutcome Execute(ComparisonConfig? config = null, Action<RunProgress>? progress = null, CancellationToken cancellation = default) =>
        new ComparisonRunner(config ?? Config, Base, Device).Run(progress is null ? null : new InlineProgress<RunProgress>(progress), cancellation);

    public string[] CellFiles() => Directory.Exists(Cells) ? [.. Directory.GetFiles(Cells).Order(StringComparer.Ordinal)] : [];

    /// <summary>Content of every file of the run but the cells and their times, by name.</summary>
    public SortedDictionary<string, string> Output() => new(
        Directory.GetFiles(Run, "*", SearchOption.AllDirectories).Where(path => !path.StartsWith(Cells, StringComparison.Ordinal) && !Path.GetFileName(path).StartsWith("timings.", StringComparison.Ordinal))
            .ToDictionary(path => Path.GetRelativePath(Run, path), path => Convert.ToBase64String(System.IO.File.ReadAllBytes(path))), StringComparer.Ordinal);

    /// <summary>Forgets the run, so that the same experiment can be made in the same place again.</summary>
    public void Forget() => Directory.Delete(Run, recursive: true);

    public void Dispose() => _folder.Dispose();
}
