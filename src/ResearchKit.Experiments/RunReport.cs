using ResearchKit.Core.Files;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments;

/// <summary>The files that a finished run leaves: the page, its data, and tables for other programs.</summary>
public static class RunReport
{
    /// <summary>What the page shows, as data.</summary>
    public const string FileName = "report.json";

    /// <summary>Reads <c>report.json</c> of a run folder.</summary>
    /// <exception cref="Core.ConfigException">The folder holds no finished run, or the file is damaged.</exception>
    public static ReportModel Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) throw new Core.ConfigException($"{folder} holds no finished run (no {FileName}). Run the experiment first: rk run FILE.");
        return ReportModelJson.Deserialize(File.ReadAllText(path), path);
    }

    /// <summary>Writes <c>report.json</c> (what the page shows), <c>report.html</c> and the tables.</summary>
    /// <returns>Path of the page.</returns>
    public static string Write(string folder, ReportModel model)
    {
        AtomicFile.WriteText(Path.Combine(folder, FileName), ReportModelJson.Serialize(model) + "\n");
        return Render(folder, model);
    }

    /// <summary>Writes the page and the tables again from a run's <c>report.json</c>.</summary>
    /// <exception cref="Core.ConfigException">The folder holds no finished run.</exception>
    public static string Render(string folder) => Render(folder, Read(folder));

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
