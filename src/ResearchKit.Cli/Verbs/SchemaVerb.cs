using System.CommandLine;
using ResearchKit.Core.Files;
using ResearchKit.Experiments.Configuration;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk schema</c>: the JSON schema of experiment files.</summary>
internal sealed class SchemaVerb : Verb
{
    public override Command Command()
    {
        var output = new Option<string?>("--out") { Description = "Write to this file instead of standard output.", HelpName = "FILE.json" };
        var command = new Command("schema", """
            Prints the JSON schema of experiment files, so that editors complete and check them.

            Example:  rk schema --out experiments/schema.json
            """) { output };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(output) is { } path) AtomicFile.WriteText(path, ExperimentSchema.Generate());
            else Console.Write(ExperimentSchema.Generate());
            return 0;
        });
        return command;
    }
}
