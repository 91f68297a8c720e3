using ResearchKit.Core.Files;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments;

/// <summary>The files that a finished run leaves: the page, its data, and tables for other programs.</summary>
public static class RunReport
{
    /// <summary>Writes <c>report.json</c> (what the page shows), <c>report.html</c> and the tables.</summary>
    /// <returns>Path of the page.</returns>
    public static string Write(string folder, ReportModel model)
    {
        AtomicFile.WriteText(Path.Combine(folder, "report.json"), ReportModelJson.Serialize(model) + "\n");
        return Render(folder, model);
    }

    /// <summary>Writes the page and the tables again from a run's <c>report.json</c>.</summary>
    /// <exception cref="Core.ConfigException">The folder holds no finished run.</exception>
    public static string Render(string folder)
    {
        var path = Path.Combine(folder, "report.json");
        if (!File.Exists(path)) throw new Core.ConfigException($"{folder} holds no finished run (no report.json). Run the experiment first: rk run FILE.");
        return Render(folder, ReportModelJson.Deserialize(File.ReadAllText(path), path));
    }

    private static string Render(string folder, ReportModel model)
    {
        var page = Path.Combine(folder, "report.html");
        HtmlReport.Write(model, page);
        MarkdownReport.Write(model, Path.Combine(folder, "report.md"));
        LatexTables.Write(model, Path.Combine(folder, "tables.tex"));
        CsvTables.Write(model, folder);
        LmEvalResults.Write(model, folder);
        return page;
    }
}
