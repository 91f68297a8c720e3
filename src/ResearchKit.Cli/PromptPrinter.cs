using System.Text;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Protocols;

namespace ResearchKit.Cli;

/// <summary>Writes an item as a model meets it: in colours on a terminal, otherwise with words and brackets, so that a file holds the exact text.</summary>
internal sealed class PromptPrinter(TextWriter output, bool hasColours)
{
    private const int ShownTokenCount = 4096;
    private const string Dim = "\e[2m", Bold = "\e[1m", Green = "\e[32m", Grey = "\e[90m", Reset = "\e[0m";

    /// <summary>Whether standard output is a terminal whose user has not switched colours off (no-color.org).</summary>
    public static bool IsColourTerminal => !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") != "dumb";

    /// <summary>Label and text of every fact of a protocol.</summary>
    public void Facts(ProtocolFacts facts)
    {
        foreach (var (label, text) in facts.Lines()) output.WriteLine($"  {Paint(label.PadRight(14), Grey)} {text}");
    }

    /// <summary>Prompt, scored span and tokens of an item.</summary>
    public void Item(ItemView view, bool isGenerated)
    {
        // Choices mostly share their prompt; where they stand in it, every text is shown.
        var shared = view.Sequences.Select(sequence => sequence.Text[..sequence.ScoredStart]).Distinct().Count() == 1;
        if (shared)
        {
            var isEmpty = view.Sequences[0].ScoredStart == 0;
            Rule(isEmpty ? "prompt: empty" : "prompt");
            Context(view, view.Sequences[0]);
            if (!isEmpty) output.WriteLine();
            if (isGenerated) Rule("answer: generated" + (view.Answers.Count > 0 ? "; accepted: " + string.Join(" | ", view.Answers) : ""));
            else Rule(view.Sequences.Count > 1 ? "scored after it (* is right)" : "scored");
            if (!isGenerated) foreach (var sequence in view.Sequences) output.WriteLine($"{Mark(sequence)} {Scored(sequence.Scored)}");
        }
        else
        {
            foreach (var sequence in view.Sequences)
            {
                Rule((sequence.IsRight ? "right" : "wrong") + " choice: scored is the part in " + (hasColours ? "green" : "brackets"));
                Context(view, sequence);
                output.WriteLine(Scored(sequence.Scored));
            }
        }
    }

    /// <summary>Ids and pieces, the scored ones marked.</summary>
    public void Tokens(ItemView view, string tokenizer)
    {
        Rule($"tokens of {tokenizer}" + (hasColours ? "" : " (scored ones in brackets)"));
        var context = view.Sequences[0].Tokens.Where(token => !token.IsScored).ToArray();
        var shared = view.Sequences.All(sequence => sequence.Tokens.Where(token => !token.IsScored).SequenceEqual(context));
        if (shared)
        {
            output.WriteLine($"{context.Length,5}  {Pieces(context)}");
            foreach (var sequence in view.Sequences.Select(sequence => sequence.Tokens.Where(token => token.IsScored).ToArray()).Where(tokens => tokens.Length > 0))
                output.WriteLine($"{sequence.Length,5}  {Pieces(sequence)}   {Paint(string.Join(' ', sequence.Take(ShownTokenCount).Select(token => token.Id)), Grey)}");
        }
        else
        {
            foreach (var sequence in view.Sequences) output.WriteLine($"{sequence.Tokens.Count,5}  {Pieces(sequence.Tokens)}");
        }
    }

    /// <summary>The sequences that GPT-1 is fine-tuned on (Radford et al. 2018, Figure 1).</summary>
    public void FineTuned(StructuredInput input, IReadOnlyList<string> choices, int? gold)
    {
        string Special(string name) => Paint($"[{name}]", Bold);
        IEnumerable<string> sequences = input switch
        {
            ClassificationInput text => [$"{Special("start")}{text.Text}{Special("extract")}"],
            EntailmentInput pair => [$"{Special("start")}{pair.Premise}{Special("delimiter")}{pair.Hypothesis}{Special("extract")}"],
            SimilarityInput pair => [$"{Special("start")}{pair.First}{Special("delimiter")}{pair.Second}{Special("extract")}", $"{Special("start")}{pair.Second}{Special("delimiter")}{pair.First}{Special("extract")}"],
            MultipleChoiceInput question => question.Answers.Select(answer => $"{Special("start")}{question.Context}{Special("delimiter")}{answer}{Special("extract")}"),
            _ => throw new ArgumentOutOfRangeException(nameof(input), input, null),
        };
        Rule("fine-tuned on " + (input is MultipleChoiceInput ? "one sequence an answer, softmax over their scores" : input is SimilarityInput ? "both orders, their last states added" : "one sequence"));
        foreach (var sequence in sequences) output.WriteLine(sequence);
        Rule("label");
        output.WriteLine(gold is { } right ? $"{right}  ({choices[right]})" : "none");
    }

    private void Rule(string title) => output.WriteLine(Paint($"── {title} ".PadRight(60, '─'), Grey));

    private void Context(ItemView view, ScoredSequence sequence)
    {
        var head = Math.Min(view.DemonstrationText.Length, sequence.ScoredStart);
        output.Write(Paint(sequence.Text[..head], Dim) + sequence.Text[head..sequence.ScoredStart]);
    }

    private string Mark(ScoredSequence sequence) => sequence.IsRight ? Paint("*", Green + Bold) : " ";

    private string Scored(string text) => hasColours ? Paint(text, Green + Bold) : $"[{text}]";

    private string Pieces(IReadOnlyList<ShownToken> tokens)
    {
        var text = new StringBuilder();
        foreach (var token in tokens.Take(ShownTokenCount))
        {
            var piece = token.Text.Replace("\n", "\\n", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal);
            if (text.Length > 0) text.Append(Paint("|", Grey));
            text.Append(!token.IsScored ? piece : hasColours ? Paint(piece, Green) : $"[{piece}]");
        }

        if (tokens.Count > ShownTokenCount) text.Append(System.Globalization.CultureInfo.InvariantCulture, $" … and {tokens.Count - ShownTokenCount} more (--json has all)");
        return text.ToString();
    }

    private string Paint(string text, string colour) => hasColours && text.Length > 0 ? colour + text + Reset : text;
}
