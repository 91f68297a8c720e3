namespace ResearchKit.Evaluation.Contamination;

/// <summary>A text that may stand in the training data.</summary>
/// <param name="Id">Item id, as in <see cref="ItemResult.Id"/>.</param>
/// <param name="Text">Question and answer.</param>
public sealed record ContaminationExample(string Id, string Text);

/// <summary>A training document.</summary>
/// <param name="Name">Name for the report, such as a path within the corpus.</param>
/// <param name="Text">Its text; n-grams do not reach into the next document.</param>
public sealed record CorpusText(string Name, string Text);

/// <summary>How long an n-gram counts as an overlap (Brown et al. 2020, Appendix C).</summary>
public sealed record ContaminationOptions
{
    /// <summary>Words of an n-gram; null (default) takes the paper's rule: the 5th percentile of the examples' lengths, within the two bounds below.</summary>
    public int? GramLength { get; init; }

    /// <summary>Least n-gram length of the rule. 8 (default) for ordinary tasks, "due to spurious collisions at lower values"; the paper's word tasks have 2.</summary>
    public int Minimum { get; init; } = 8;

    /// <summary>Largest n-gram length of the rule. Default 13.</summary>
    public int Maximum { get; init; } = 13;

    /// <summary>Whether only whole examples count, question and answer in a row on one line, instead of n-grams of one length; a given <see cref="GramLength"/> goes before it.
    /// For items of few short words, of which parts stand in any text. Default false.</summary>
    public bool WholeExamples { get; init; }

    /// <summary>The options for a task: of the paper (a minimum of 2 words for its word tasks, <c>gpt3/…</c>, otherwise 8), and whole items for the generated suite (<c>suite/…</c>), where
    /// a few letters in a row are no overlap.</summary>
    /// <param name="task">Task name.</param>
    public static ContaminationOptions For(string task) =>
        task.StartsWith("suite/", StringComparison.Ordinal) ? new() { WholeExamples = true } : task.StartsWith("gpt3/", StringComparison.Ordinal) ? new() { Minimum = 2 } : new();
}

/// <summary>Which examples overlap with a corpus.</summary>
/// <param name="GramLength">Words of an n-gram, N; 0 where whole examples were looked for.</param>
/// <param name="Examples">Every example, in the order given.</param>
/// <param name="DocumentCount">Documents read.</param>
/// <param name="CorpusWordCount">Words read.</param>
public sealed record ContaminationReport(int GramLength, IReadOnlyList<ExampleOverlap> Examples, int DocumentCount, long CorpusWordCount)
{
    /// <summary>Examples of which no n-gram occurs in any document.</summary>
    public int CleanCount => Examples.Count(example => !example.IsDirty);

    /// <summary>Examples of which an n-gram occurs in a document.</summary>
    public int DirtyCount => Examples.Count(example => example.IsDirty);

    /// <summary>Examples with fewer than N words: they have no n-gram and so count as clean.</summary>
    public int ShortCount => Examples.Count(example => example.WordCount < GramLength);
}

/// <summary>What of an example stands in the corpus.</summary>
/// <param name="Id">Item id.</param>
/// <param name="WordCount">Words of the example.</param>
/// <param name="Spans">Longest stretches of which every n-gram occurs in the corpus, in order; empty where the example is clean.</param>
public sealed record ExampleOverlap(string Id, int WordCount, IReadOnlyList<OverlapSpan> Spans)
{
    /// <summary>Whether any n-gram of the example occurs in the corpus.</summary>
    public bool IsDirty => Spans.Count > 0;
}

/// <summary>A stretch of an example that stands in the corpus.</summary>
/// <param name="Start">First UTF-16 unit in the example's text.</param>
/// <param name="Length">UTF-16 units.</param>
/// <param name="Text">The stretch itself.</param>
/// <param name="Document">First document with its first n-gram.</param>
/// <param name="DocumentStart">Where that n-gram begins there, in UTF-16 units.</param>
public sealed record OverlapSpan(int Start, int Length, string Text, string Document, int DocumentStart);
