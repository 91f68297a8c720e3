using System.Text.Json;
using ResearchKit.Experiments.Tests;
using ResearchKit.Testing;

namespace ResearchKit.Cli.Tests;

/// <summary>A folder with a tiny model and an experiment file on it.</summary>
internal sealed class TinyWorkspace : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TinyWorkspace()
    {
        TinyModelFolder.Make(Model);
        Write(new { });
    }

    public string Model => _folder.File("tiny");

    public string Experiment => _folder.File("experiment.json");

    public string Run => _folder.File("run");

    public string File(string name) => _folder.File(name);

    /// <summary>Writes the experiment file.</summary>
    /// <param name="more">Keys that replace or add to the smallest experiment's.</param>
    public void Write(object more)
    {
        var keys = new Dictionary<string, object?>
        {
            ["kind"] = "comparison", ["name"] = "tiny", ["models"] = new[] { "tiny" }, ["output"] = Run, ["threads"] = 1,
            ["tasks"] = new[] { new { name = "suite/label-induction", limit = 4 } }, ["in_context"] = new { shots = new[] { 0, 1 }, seeds = new[] { 1 } },
        };
        foreach (var property in more.GetType().GetProperties()) keys[property.Name] = property.GetValue(more);
        System.IO.File.WriteAllText(Experiment, JsonSerializer.Serialize(keys));
    }

    public void Dispose() => _folder.Dispose();
}
