namespace ResearchKit.Evaluation.Suite;

/// <summary>A generated pre-training document.</summary>
/// <param name="Family">Kind of document, such as <c>label-induction</c>.</param>
/// <param name="Pieces">Text in order. <c>Loss</c> marks what the model is trained to predict: answers that the document so far determines, with their leading space and the newline after them.
/// Pieces end at pre-token borders, so encoding each piece gives the ids of the whole text.</param>
public sealed record GeneratedDocument(string Family, IReadOnlyList<(string Text, bool Loss)> Pieces)
{
    /// <summary>The whole text.</summary>
    public string Text => string.Concat(Pieces.Select(p => p.Text));
}

/// <summary>Collects pieces and joins neighbours of the same kind.</summary>
internal sealed class DocumentWriter
{
    private readonly List<(string Text, bool Loss)> _pieces = [];

    public void Add(string text, bool loss)
    {
        if (_pieces.Count > 0 && !loss && !_pieces[^1].Loss) _pieces[^1] = (_pieces[^1].Text + text, false);
        else _pieces.Add((text, loss));
    }

    public void Line(LineFormat format, string input, string answer, bool loss)
    {
        Add(format.Context(input), false);
        Add($" {answer}{format.End}\n", loss);
    }

    public GeneratedDocument Finish(string family) => new(family, _pieces.ToArray());
}
