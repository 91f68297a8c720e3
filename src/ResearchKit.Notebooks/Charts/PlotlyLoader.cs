using System.Text;

namespace ResearchKit.Notebooks.Charts;

/// <summary>plotly.js for pages without a network, out of Plotly.NET's own resource.</summary>
/// <remarks>The first figure of a run is preceded by the 3.5 MB script; the others use it. The cell that carried it carries it again when it is rerun, since its old output is gone then.</remarks>
public static class PlotlyLoader
{
    /// <summary>Version of plotly.js.</summary>
    public const string Version = "2.28.0";

    /// <summary>Start of the element, by which exporters find it to share the script between pages.</summary>
    public const string Opening = "<script data-researchkit=\"plotly-" + Version + "\">";

    /// <summary>End of the element.</summary>
    public const string Closing = "/*end of plotly.js*/</script>";

    private static readonly object s_gate = new();
    private static (string Cell, long Execution)? s_carrier;

    /// <summary>The element that defines plotly.js and draws the figures that wait for it.</summary>
    /// <remarks>The script finds no <c>define</c>, <c>exports</c> and <c>module</c>, so a page with require.js (Notebook 6, nbconvert's pages) takes it as a plain script.</remarks>
    public static string Element() => Opening + "(function(){if(!window.ResearchKitPlotly){var before=window.Plotly;(function(define,exports,module){" + Script()
        + "\n}).call(window);window.ResearchKitPlotly=window.Plotly;if(before)window.Plotly=before;}" + Flush + "})();" + Closing;

    /// <summary>The element that takes plotly.js from a file beside the page, for pages that share one copy.</summary>
    /// <param name="path">Relative URL of the file, written by <see cref="SharedScript"/>.</param>
    public static string SharedElement(string path) => $"<script src=\"{System.Net.WebUtility.HtmlEncode(path)}\"></script>";

    /// <summary>Content of the file that pages share: plotly.js, its licence and the drawing of the figures that wait.</summary>
    public static string SharedScript() => "/*\n" + Resource("Plotly.NET.plotly-2.28.0.min.js.LICENSE.txt").Replace("*/", "* /", StringComparison.Ordinal) + "\n*/\n"
        + "(function(define,exports,module){" + Script() + "\n}).call(window);window.ResearchKitPlotly=window.Plotly;(function(){" + Flush + "})();\n";

    private const string Flush = "(window.ResearchKitPlotlyWaiting||[]).splice(0).forEach(function(draw){draw(window.ResearchKitPlotly);});";

    /// <summary>Shows the loader where the running cell must carry it: a separate output, so that replacing a figure keeps it.</summary>
    internal static void ShowWhereNeeded()
    {
        var host = Notebook.Host;
        lock (s_gate)
        {
            if (s_carrier is { } carrier && (carrier.Cell != host.Cell || carrier.Execution == host.Execution)) return;
            s_carrier = (host.Cell, host.Execution);
        }

        if (host is not ConsoleHost) host.Show(MimeBundle.OfHtml(Element(), $"[plotly.js {Version}]"), null, update: false);
    }

    /// <summary>Notes that the running cell's outputs are gone.</summary>
    internal static void Cleared()
    {
        var host = Notebook.Host;
        lock (s_gate)
        {
            if (s_carrier?.Cell == host.Cell) s_carrier = null;
        }
    }

    /// <summary>Forgets which cell carried the script, as at the start of another notebook in the same process.</summary>
    public static void Reset()
    {
        lock (s_gate) s_carrier = null;
    }

    private static string Script() => Resource("Plotly.NET.plotly-2.28.0.min.js");

    private static string Resource(string name)
    {
        using var stream = typeof(Plotly.NET.Chart).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"Plotly.NET lacks the resource {name}; it has {string.Join(", ", typeof(Plotly.NET.Chart).Assembly.GetManifestResourceNames())}.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
