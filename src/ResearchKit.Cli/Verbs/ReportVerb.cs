using System.CommandLine;
using ResearchKit.Experiments;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk report</c>: a finished run's page again.</summary>
internal sealed class ReportVerb : Verb
{
    public override Command Command()
    {
        var folder = new Argument<string>("RUN") { Description = "Run folder, such as runs/quickstart." };
        var json = Json();
        var command = new Command("report", """
            Writes a finished run's page and tables again, from its report.json, without computing anything.

            Example:  rk report runs/quickstart
            """) { folder, json };
        command.SetAction(parsed =>
        {
            var page = RunReport.Render(parsed.GetRequiredValue(folder));
            if (parsed.GetValue(json)) PrintJson(new { report = page });
            else Console.WriteLine($"Report: {page}");
            return 0;
        });
        return command;
    }
}
