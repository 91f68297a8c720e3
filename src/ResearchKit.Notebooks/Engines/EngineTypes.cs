// The values that engines and the kernel exchange. One file, since each is a line or two.

using static System.FormattableString;

namespace ResearchKit.Notebooks.Engines;

/// <summary>Code of a cell. Its lines have the numbers that they have in the cell: what was taken out (magics) is left blank.</summary>
/// <param name="Text">The code.</param>
/// <param name="FileName">Name in diagnostics and stack traces, such as <c>cell[3].fsx</c>.</param>
public sealed record CellCode(string Text, string FileName);

/// <summary>How a run ended.</summary>
public sealed record CellOutcome
{
    /// <summary>What the compiler said.</summary>
    public IReadOnlyList<CellDiagnostic> Diagnostics { get; init; } = [];

    /// <summary>Whether the code ended in an expression that has a value.</summary>
    public bool HasValue { get; init; }

    /// <summary>The value of the last expression.</summary>
    public object? Value { get; init; }

    /// <summary>The exception that ended the run; null when it ran to its end or did not compile.</summary>
    public Exception? Exception { get; init; }

    /// <summary>Whether the compiler refused the code; nothing was run then.</summary>
    public bool DidNotCompile => Diagnostics.Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
}

/// <summary>How grave a diagnostic is.</summary>
public enum DiagnosticSeverity
{
    /// <summary>A hint.</summary>
    Information,

    /// <summary>The code runs, but may not do what is meant.</summary>
    Warning,

    /// <summary>The code does not run.</summary>
    Error,
}

/// <summary>What a compiler says of a place in a cell.</summary>
/// <param name="Severity">How grave it is.</param>
/// <param name="Id">Number of the rule, such as <c>CS0103</c>.</param>
/// <param name="Message">The text.</param>
/// <param name="Line">Line within the cell, from 1; 0 where it has no place.</param>
/// <param name="Column">Column, from 1.</param>
public sealed record CellDiagnostic(DiagnosticSeverity Severity, string Id, string Message, int Line, int Column)
{
    /// <summary>As shown to people: <c>(2,5): error CS0103: …</c>.</summary>
    public override string ToString() => Invariant($"{(Line > 0 ? $"({Line},{Column}): " : "")}{Severity.ToString().ToLowerInvariant()} {Id}: {Message}");
}

/// <summary>A variable of a language's session.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its declared type.</param>
/// <param name="Value">Its present value.</param>
public sealed record EngineVariable(string Name, Type Type, object? Value);

/// <summary>What may stand at the cursor.</summary>
/// <param name="Start">UTF-16 offset where the word to be replaced begins.</param>
/// <param name="End">Offset where it ends.</param>
/// <param name="Items">The words, best first.</param>
public sealed record Completions(int Start, int End, IReadOnlyList<CompletionItem> Items);

/// <summary>A word that may stand at the cursor.</summary>
/// <param name="Text">The word.</param>
/// <param name="Kind">Its kind in one word, such as <c>method</c>.</param>
public sealed record CompletionItem(string Text, string Kind);

/// <summary>Whether code is a whole.</summary>
public enum Completeness
{
    /// <summary>Can be run.</summary>
    Complete,

    /// <summary>Something is still to come, such as a closing bracket.</summary>
    Incomplete,

    /// <summary>Wrong whatever comes.</summary>
    Invalid,
}
