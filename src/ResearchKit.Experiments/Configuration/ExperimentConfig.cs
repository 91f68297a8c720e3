using System.Text.Json.Serialization;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Models;

namespace ResearchKit.Experiments.Configuration;

/// <summary>An experiment file. What it holds decides the run entirely; nothing is read from the environment but the data folder.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(ComparisonConfig), "comparison")]
[JsonDerivedType(typeof(PretrainingConfig), "pretraining")]
public abstract record ExperimentConfig
{
    private protected ExperimentConfig()
    {
    }

    /// <summary>Short name: letters, digits, dots, dashes. Also the run folder's name.</summary>
    public required string Name { get; init; }

    /// <summary>What the experiment asks, in one sentence; the report opens with it.</summary>
    public string? Question { get; init; }

    /// <summary>Root of every random choice. Default 1.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>CPU threads; 0 (default) takes all cores. Results of the CPU repeat bit for bit at the same number.</summary>
    public int Threads { get; init; }

    /// <summary>Folder of the run, relative to the current folder. Default <c>runs/NAME</c>.</summary>
    public string? Output { get; init; }

    /// <summary>Where the run goes.</summary>
    [JsonIgnore] public string RunFolder => Output ?? Path.Combine("runs", Name);

    /// <summary>Problems of the values, each with its path.</summary>
    public virtual IEnumerable<string> Problems()
    {
        if (Name.Length == 0 || !Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')) yield return $"`name` (\"{Name}\") must be letters, digits, dots, dashes and underscores.";
        else if (Name.All(c => c == '.')) yield return $"`name` (\"{Name}\") would name another folder than the run's; use a letter or digit.";
        if (Output is "") yield return "`output` (\"\") must name a folder, or be absent for runs/NAME.";
        if (Threads is < 0 or > ComputeDevice.MostThreads) yield return $"`threads` ({Threads}) must be 0 (all cores) to {ComputeDevice.MostThreads}.";
    }

    /// <summary>Reads an experiment file, applies overrides and checks everything.</summary>
    /// <param name="path">JSON file; <c>experiments/schema.json</c> describes it.</param>
    /// <param name="overrides">Such as <c>in_context.shots=[0,4]</c>.</param>
    /// <exception cref="ConfigException">Lists every problem.</exception>
    public static ExperimentConfig Load(string path, IEnumerable<string>? overrides = null) =>
        ConfigJson.Load<ExperimentConfig>(path, overrides, config => config.Problems());
}
