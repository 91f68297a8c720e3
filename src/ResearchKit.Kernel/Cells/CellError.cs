using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using ResearchKit.Core;
using ResearchKit.Notebooks.Engines;
using static System.FormattableString;

namespace ResearchKit.Kernel.Cells;

/// <summary>Why a cell failed, as people read it: the cell's line first, the engine's frames left out.</summary>
/// <param name="Name">Kind of the error, such as <c>DivideByZeroException</c>.</param>
/// <param name="Message">One sentence or a few.</param>
/// <param name="Traceback">The lines that are shown.</param>
internal sealed partial record CellError(string Name, string Message, IReadOnlyList<string> Traceback)
{
    /// <summary>File name under which a cell is compiled; stack traces and diagnostics carry it.</summary>
    public static string FileName(int number, string language) => Invariant($"cell[{number}].{(language == "fsharp" ? "fsx" : "csx")}");

    /// <summary>The error of code that did not compile.</summary>
    public static CellError OfDiagnostics(IReadOnlyList<CellDiagnostic> diagnostics, int number, string source)
    {
        var errors = diagnostics.Where(found => found.Severity == DiagnosticSeverity.Error).ToList();
        var lines = new List<string>();
        foreach (var error in errors.Take(20))
        {
            lines.Add(Invariant($"cell[{number}]{(error.Line > 0 ? $"({error.Line},{error.Column})" : "")}: {error.Id}: {error.Message}"));
            lines.AddRange(Excerpt(source, error.Line, 0));
        }

        if (errors.Count > 20) lines.Add($"… and {errors.Count - 20} more");
        return new CellError("CompilationError", string.Join("\n", errors.Take(3).Select(error => error.ToString())), lines);
    }

    /// <summary>The error of an exception.</summary>
    public static CellError OfException(Exception error, int number, string source)
    {
        while (error is TargetInvocationException or TypeInitializationException || error is AggregateException { InnerExceptions.Count: 1 })
        {
            if (error.InnerException is not { } inner) break;
            error = inner;
        }

        var lines = new List<string>();
        var message = TextOf(error);
        var name = error is ConfigException ? "Error" : error.GetType().Name;
        lines.Add($"{name}: {message}");
        var frames = Frames(error);
        if (frames.FirstOrDefault(frame => frame.Cell is not null) is { Cell: { } cell } at && cell == number) lines.AddRange(Excerpt(source, at.Line, 1));
        if (error is not ConfigException) lines.AddRange(frames.Select(frame => frame.Text));
        for (var inner = error.InnerException; inner is not null; inner = inner.InnerException) lines.Add($" because of {inner.GetType().Name}: {TextOf(inner)}");
        return new CellError(name, message, lines);
    }

    /// <summary>The error of a person's mistake that has no place in code.</summary>
    public static CellError OfMessage(string name, string message) => new(name, message, [$"{name}: {message}"]);

    private static string TextOf(Exception error) => error switch
    {
        MissingMethodException or TypeLoadException or FileNotFoundException { FileName: not null } => error.Message.Split('\n')[0],
        _ => error.Message,
    };

    // The line with its neighbours:   ---> 2 |     1 / x
    private static IEnumerable<string> Excerpt(string source, int line, int around)
    {
        var lines = source.ReplaceLineEndings("\n").Split('\n');
        if (line < 1 || line > lines.Length) yield break;
        for (var at = Math.Max(1, line - around); at <= Math.Min(lines.Length, line + around); at++)
        {
            yield return Invariant($"{(at == line ? " ---> " : "      ")}{at} | {lines[at - 1]}");
        }
    }

    private static List<(string Text, int? Cell, int Line)> Frames(Exception error)
    {
        var frames = new List<(string Text, int? Cell, int Line)>();
        foreach (var raw in (error.StackTrace ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!raw.StartsWith("at ", StringComparison.Ordinal)) continue;
            var match = Place().Match(raw);
            if (match.Success)
            {
                var (cell, line) = (int.Parse(match.Groups["cell"].Value, CultureInfo.InvariantCulture), int.Parse(match.Groups["line"].Value, CultureInfo.InvariantCulture));
                var method = raw[3..match.Index].Trim();
                method = method.Contains("<<Initialize>>", StringComparison.Ordinal) || method.Contains("main@", StringComparison.Ordinal) ? "the cell" : Submission().Replace(method, "");
                frames.Add(($"   at {method} in cell[{cell}], line {line}", cell, line));
            }
            else
            {
                frames.Add(("   " + raw, null, 0));
            }
        }

        // Below the last line of a cell there are only the engine and the kernel.
        var last = frames.FindLastIndex(frame => frame.Cell is not null);
        if (last >= 0) frames.RemoveRange(last + 1, frames.Count - last - 1);
        else frames.RemoveAll(frame => frame.Text.Contains("ResearchKit.Kernel", StringComparison.Ordinal) || frame.Text.Contains("FSharp.Compiler", StringComparison.Ordinal) || frame.Text.Contains("Microsoft.CodeAnalysis", StringComparison.Ordinal));
        return frames.Count <= 24 ? frames : [.. frames[..12], ($"   … {frames.Count - 24} frames …", null, 0), .. frames[^12..]];
    }

    [GeneratedRegex(@" in \S*cell\[(?<cell>\d+)\]\.(fsx|csx):line (?<line>\d+)$")]
    private static partial Regex Place();

    [GeneratedRegex(@"Submission#\d+\.|FSI_\d+\.")]
    private static partial Regex Submission();
}
