using System.Text;

namespace ResearchKit.Experiments.Reporting;

/// <summary>The files under Assets, embedded into this assembly, and plotly.js out of Plotly.NET's.</summary>
internal static class Asset
{
    /// <summary>Text of an embedded file.</summary>
    /// <param name="name">File name, such as <c>report.css</c>.</param>
    public static string Text(string name) => Read(typeof(Asset).Assembly, "ResearchKit.Experiments.Reporting." + name);

    /// <summary>plotly.js, as Plotly.NET carries it.</summary>
    public static string PlotlyScript() => Read(typeof(Plotly.NET.Chart).Assembly, "Plotly.NET.plotly-2.28.0.min.js");

    /// <summary>Licences of what plotly.js bundles.</summary>
    public static string PlotlyLicence() => Read(typeof(Plotly.NET.Chart).Assembly, "Plotly.NET.plotly-2.28.0.min.js.LICENSE.txt");

    private static string Read(System.Reflection.Assembly assembly, string resource)
    {
        using var stream = assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"{assembly.GetName().Name} lacks the resource {resource}; it has {string.Join(", ", assembly.GetManifestResourceNames())}.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
