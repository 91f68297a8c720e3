using System.Globalization;

namespace ResearchKit.Notebooks.Display;

/// <summary>Numbers as they are read, the same in every culture.</summary>
internal static class Number
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    public static string Count(long value) => value.ToString("N0", Invariant);

    public static string Fixed(double value, int digits) => value.ToString("F" + digits.ToString(Invariant), Invariant);

    /// <summary>Three significant digits: 0.0312, 4.57, 1.2e+09.</summary>
    public static string Short(double value) => double.IsFinite(value) ? value.ToString("G3", Invariant) : value.ToString(Invariant);

    public static string PValue(double p) => p < 0.001 ? "p < 0.001" : "p = " + Fixed(p, 3);

    public static string Bytes(double bytes) => bytes switch
    {
        < 1e3 => Fixed(bytes, 0) + " B",
        < 1e6 => Fixed(bytes / 1e3, 1) + " kB",
        < 1e9 => Fixed(bytes / 1e6, 1) + " MB",
        _ => Fixed(bytes / 1e9, 1) + " GB",
    };
}
