using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Markdig;
using ResearchKit.Notebooks.Charts;

namespace ResearchKit.Kernel.Files;

/// <summary>A notebook with its outputs as one HTML page that needs no network. Markup in outputs is taken as it is: export only notebooks that you would run.</summary>
internal static class HtmlPage
{
    private static readonly MarkdownPipeline Markdown = new MarkdownPipelineBuilder().UsePipeTables().UseAutoIdentifiers().UseFootnotes().UseMathematics().UseAutoLinks().UseTaskLists().Build();

    /// <summary>Name of the script that pages share.</summary>
    public const string SharedScriptName = "plotly-" + PlotlyLoader.Version + ".min.js";

    /// <summary>The page.</summary>
    /// <param name="notebook">A notebook that has been run.</param>
    /// <param name="sharesScript">Whether plotly.js is taken from <see cref="SharedScriptName"/> beside the page instead of being in it.</param>
    public static string Of(NotebookFile notebook, bool sharesScript)
    {
        var body = new StringBuilder();
        foreach (var cell in notebook.Cells)
        {
            if (cell.IsMarkdown) body.Append("<section class=\"prose\">").Append(Markdig.Markdown.ToHtml(cell.Source, Markdown)).Append("</section>\n");
            else if (cell.IsCode) AppendCode(body, cell, notebook.Language);
        }

        if (notebook.Origin is { } origin) body.Append("<footer class=\"prose\">Run with ").Append(WebUtility.HtmlEncode(origin)).Append(".</footer>\n");
        var content = body.ToString();
        if (sharesScript) content = ShareScript(content);
        return Asset("page.html").Replace("{{title}}", WebUtility.HtmlEncode(Title(notebook)), StringComparison.Ordinal)
            .Replace("{{style}}", Asset("page.css"), StringComparison.Ordinal).Replace("{{body}}", content, StringComparison.Ordinal);
    }

    private static string Title(NotebookFile notebook) =>
        notebook.Cells.Where(cell => cell.IsMarkdown).SelectMany(cell => cell.Source.Split('\n')).FirstOrDefault(line => line.StartsWith("# ", StringComparison.Ordinal))?[2..].Trim() ?? Path.GetFileNameWithoutExtension(notebook.Path);

    private static void AppendCode(StringBuilder body, NotebookCell cell, string notebookLanguage)
    {
        if (string.IsNullOrWhiteSpace(cell.Source) && cell.Outputs.Count == 0) return;
        var language = cell.Language ?? notebookLanguage;
        body.Append(CultureInfo.InvariantCulture, $"<section class=\"code\"><div class=\"count\">{(cell.ExecutionCount is { } count ? $"[{count}]" : "")}<br><span>{(language switch { "fsharp" => "F#", "csharp" => "C#", _ => WebUtility.HtmlEncode(language) })}</span></div><div class=\"cell\"><pre class=\"source\">")
            .Append(CodeMarkup.Of(cell.Source.TrimEnd(), language)).Append("</pre>");
        foreach (var output in cell.Outputs.OfType<JsonObject>()) AppendOutput(body, output);
        body.Append("</div></section>\n");
    }

    private static void AppendOutput(StringBuilder body, JsonObject output)
    {
        switch (Text(output["output_type"]))
        {
            case "stream":
                body.Append(Text(output["name"]) == "stderr" ? "<pre class=\"output error\">" : "<pre class=\"output\">").Append(WebUtility.HtmlEncode(Printed(Text(output["text"])))).Append("</pre>");
                break;
            case "error":
                body.Append("<pre class=\"output error\">").Append(WebUtility.HtmlEncode(Text(output["traceback"], "\n"))).Append("</pre>");
                break;
            case "display_data" or "execute_result" when output["data"] is JsonObject data:
                AppendData(body, data);
                break;
        }
    }

    private static void AppendData(StringBuilder body, JsonObject data)
    {
        if (data["text/html"] is { } html) body.Append("<div class=\"output\">").Append(Text(html)).Append("</div>");
        else if (data["image/svg+xml"] is { } svg) body.Append("<div class=\"output\">").Append(Text(svg)).Append("</div>");
        else if (data["image/png"] is { } png) body.Append("<div class=\"output\"><img alt=\"\" src=\"data:image/png;base64,").Append(Text(png).Trim()).Append("\"></div>");
        else if (data["text/markdown"] is { } markdown) body.Append("<div class=\"output prose\">").Append(Markdig.Markdown.ToHtml(Text(markdown), Markdown)).Append("</div>");
        else if (data["text/plain"] is { } plain) body.Append("<pre class=\"output\">").Append(WebUtility.HtmlEncode(Text(plain))).Append("</pre>");
    }

    // What a terminal would show: a carriage return begins the line anew.
    private static string Printed(string text) => text.Contains('\r', StringComparison.Ordinal)
        ? string.Join('\n', text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n').Select(line => line.TrimEnd('\r').Split('\r')[^1]))
        : text;

    private static string Text(JsonNode? node, string separator = "") => node is JsonArray lines ? string.Join(separator, lines.OfType<JsonValue>().Select(Line)) : node is JsonValue value ? Line(value) : "";

    private static string Line(JsonValue value) => value.TryGetValue<string>(out var text) ? text : value.ToJsonString();

    // The first loader becomes a reference to the shared file, further ones nothing.
    private static string ShareScript(string content)
    {
        var result = new StringBuilder();
        var isFirst = true;
        var from = 0;
        for (int start; (start = content.IndexOf(PlotlyLoader.Opening, from, StringComparison.Ordinal)) >= 0;)
        {
            var end = content.IndexOf(PlotlyLoader.Closing, start, StringComparison.Ordinal);
            if (end < 0) break;
            result.Append(content, from, start - from);
            if (isFirst) result.Append(PlotlyLoader.SharedElement(SharedScriptName));
            (isFirst, from) = (false, end + PlotlyLoader.Closing.Length);
        }

        return result.Append(content, from, content.Length - from).ToString();
    }

    private static string Asset(string name)
    {
        using var stream = typeof(HtmlPage).Assembly.GetManifestResourceStream("ResearchKit.Kernel.Files." + name) ?? throw new InvalidOperationException($"The resource {name} is missing from rk-kernel.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
