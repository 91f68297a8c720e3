using System.Globalization;

namespace ResearchKit.Experiments.Reporting;

/// <summary>Numbers as every form of the report writes them: invariant culture, a true minus sign, the digits that the data carry.</summary>
internal static class ReportFormat
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>A score in the task's unit: <c>71.2%</c> or <c>23.41</c>.</summary>
    public static string Score(TaskEntry task, double value) => task.Unit == ScoreUnit.Fraction ? Number(value * 100, 1) + "%" : Significant(value);

    /// <summary>A score without its unit, for columns whose heading carries it.</summary>
    public static string BareScore(TaskEntry task, double value) => task.Unit == ScoreUnit.Fraction ? Number(value * 100, 1) : Significant(value);

    /// <summary>An interval in the task's unit: <c>[68.3, 74.1]</c>.</summary>
    public static string Range(TaskEntry task, ScoreInterval interval) => $"[{BareScore(task, interval.Low)}, {BareScore(task, interval.High)}]";

    /// <summary>A difference with its sign: <c>+3.2</c> or <c>−0.41</c> (percentage points for fractions).</summary>
    public static string Difference(TaskEntry task, double value) => (value > 0 ? "+" : "") + BareScore(task, value);

    /// <summary>A p value: three decimals, <c>&lt; 0.001</c> below.</summary>
    public static string PValue(double p) => double.IsNaN(p) ? "–" : p < 0.001 ? "< 0.001" : Number(p, 3);

    /// <summary>A count with thousands separators.</summary>
    public static string Count(long count) => count.ToString("N0", Invariant).Replace("-", "−", StringComparison.Ordinal);

    /// <summary>A size in the field's short form: <c>3.2M</c>, <c>125M</c>, <c>175B</c>.</summary>
    public static string Size(double size)
    {
        (double Unit, string Name)[] units = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];
        foreach (var (unit, name) in units)
        {
            if (size >= unit) return (size / unit).ToString(size / unit < 9.95 ? "0.##" : size / unit < 99.5 ? "0.#" : "0", Invariant) + name;
        }

        return size.ToString("0", Invariant);
    }

    /// <summary>A number in powers of ten: <c>3.1 × 10¹⁵</c>.</summary>
    public static string Power(double value)
    {
        if (value == 0 || !double.IsFinite(value)) return Significant(value);
        // What rounds to ten belongs to the next power.
        var exponent = (int)Math.Floor(Math.Log10(Math.Abs(value) * (1 + 0.05 / 9.95)));
        return Number(value / Math.Pow(10, exponent), 1) + " × " + PowerOfTen(exponent);
    }

    /// <summary>A power of ten: <c>10¹⁵</c>.</summary>
    public static string PowerOfTen(int exponent) =>
        "10" + string.Concat(exponent.ToString(Invariant).Select(c => c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c - '0']));

    /// <summary>Fixed decimals, a true minus sign, a dash for not-a-number.</summary>
    public static string Number(double value, int decimals)
    {
        if (double.IsNaN(value)) return "–";
        if (double.IsInfinity(value)) return value > 0 ? "∞" : "−∞";
        var text = value.ToString("F" + decimals.ToString(Invariant), Invariant);
        if (!text.StartsWith('-')) return text;
        // A value that rounds to zero has no sign.
        return text.AsSpan(1).IndexOfAnyInRange('1', '9') < 0 ? text[1..] : "−" + text[1..];
    }

    /// <summary>Four significant digits.</summary>
    public static string Significant(double value)
    {
        if (!double.IsFinite(value)) return Number(value, 0);
        var magnitude = value == 0 ? 0 : (int)Math.Floor(Math.Log10(Math.Abs(value)));
        if (magnitude >= 7) return Power(value);
        return Number(value, Math.Clamp(3 - magnitude, 0, 6));
    }

    /// <summary>All digits that distinguish a number, for files that programs read.</summary>
    public static string Exact(double value) => value.ToString("R", Invariant);
}
