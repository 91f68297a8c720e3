using System.CommandLine;
using ResearchKit.Core.Configuration;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk describe</c>: what a model is and needs, without allocating it.</summary>
internal sealed class DescribeVerb : Verb
{
    public override Command Command()
    {
        var name = new Argument<string>("NAME|DIR") { Description = "Preset name (rk describe list shows all) or model folder." };
        var json = Json();
        var command = new Command("describe", """
            Describes a model without loading it: exact parameters, memory, FLOPs per token.

            Example:  rk describe gpt3-xl
            """) { name, json };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(name), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string name, bool json)
    {
        var preset = Presets.Get(name);
        if (json) PrintJson(new { preset.Name, parameters = preset.Config.ParameterCount, layers = preset.Config.LayerCount });
        else Console.WriteLine($"{preset.Name}: {preset.Config.ParameterCount:N0} parameters");
        return 0;
    }
}
