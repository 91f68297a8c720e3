using ResearchKit.Core.Configuration;
using ResearchKit.Core.Tasks;
using ResearchKit.Core.Tokenization;

namespace ResearchKit.Training.FineTuning;

/// <summary>The four shapes of input that differ in their sequences and their head.</summary>
public enum TaskKind
{
    /// <summary>One sequence; a class for it.</summary>
    Classification,

    /// <summary>One sequence of premise and hypothesis; a class for it.</summary>
    Entailment,

    /// <summary>Both orders of two texts; their states are added; a class for the sum.</summary>
    Similarity,

    /// <summary>One sequence for each answer; a score for each, softmax over them.</summary>
    MultipleChoice,
}

/// <summary>An example as token sequences, each from start to extract token.</summary>
/// <param name="Id">Id of the example.</param>
/// <param name="Sequences">One for classification and entailment, two for similarity, one for each answer of a multiple choice.</param>
/// <param name="Label">Class, or index of the right answer.</param>
/// <param name="IsTruncated">Whether a field was cut.</param>
public sealed record EncodedExample(string Id, IReadOnlyList<int[]> Sequences, int Label, bool IsTruncated)
{
    /// <summary>Number between the classes (<see cref="LabelledExample.Score"/>); null where the label is all there is.</summary>
    public double? Score { get; init; }

    /// <summary>Tokens of the longest sequence.</summary>
    public int Length => Sequences.Max(sequence => sequence.Length);
}

/// <summary>Turns structured inputs into token sequences with start, delimiter and extract tokens (Radford et al. 2018 §3.3, Figure 1).</summary>
/// <param name="tokenizer">Encodes the fields.</param>
/// <param name="vocabularySize">V of the pre-trained model; its ids stay below.</param>
/// <param name="contextLength">n_ctx, at least 6.</param>
/// <param name="truncation">How long fields are cut.</param>
public sealed class InputTransformation(ITokenizer tokenizer, int vocabularySize, int contextLength, FieldTruncation truncation = FieldTruncation.Gpt1)
{
    /// <summary>Number of tokens that are added to the vocabulary.</summary>
    public const int SpecialTokenCount = 3;

    /// <summary>Id V of the token before the first field.</summary>
    public int StartId => vocabularySize;

    /// <summary>Id V + 1 of the token between two fields.</summary>
    public int DelimiterId => vocabularySize + 1;

    /// <summary>Id V + 2 of the token at whose state the head reads.</summary>
    public int ExtractId => vocabularySize + 2;

    /// <summary>Kind of an input.</summary>
    public static TaskKind KindOf(StructuredInput input) => input switch
    {
        ClassificationInput => TaskKind.Classification,
        EntailmentInput => TaskKind.Entailment,
        SimilarityInput => TaskKind.Similarity,
        MultipleChoiceInput => TaskKind.MultipleChoice,
        _ => throw new ArgumentOutOfRangeException(nameof(input), input, "Unknown input."),
    };

    /// <summary>Encodes an example.</summary>
    public EncodedExample Encode(LabelledExample example)
    {
        var cut = false;
        int[][] sequences = example.Input switch
        {
            ClassificationInput input => [One(input.Text)],
            EntailmentInput input => [Two(tokenizer.Encode(input.Premise), input.Hypothesis)],
            SimilarityInput input => [Two(tokenizer.Encode(input.First), input.Second), Two(tokenizer.Encode(input.Second), input.First)],
            MultipleChoiceInput input => Choices(tokenizer.Encode(input.Context), input.Answers),
            _ => throw new ArgumentOutOfRangeException(nameof(example), example.Input, "Unknown input."),
        };
        return new EncodedExample(example.Id, sequences, example.Label, cut) { Score = example.Score };

        int[][] Choices(int[] context, IReadOnlyList<string> answers) => answers.Select(answer => Two(context, answer)).ToArray();

        int[] One(string text)
        {
            var field = tokenizer.Encode(text);
            cut |= field.Length > contextLength - 2;
            return [StartId, .. field.Take(contextLength - 2), ExtractId];
        }

        int[] Two(int[] first, string text)
        {
            var second = tokenizer.Encode(text);
            var (keepFirst, keepSecond) = Kept(first.Length, second.Length);
            cut |= keepFirst < first.Length || keepSecond < second.Length;
            return [StartId, .. first.AsSpan(0, keepFirst), DelimiterId, .. second.AsSpan(0, keepSecond), ExtractId];
        }
    }

    /// <summary>How many tokens of two fields stay.</summary>
    private (int First, int Second) Kept(int first, int second)
    {
        if (truncation == FieldTruncation.Gpt1)
        {
            var most = contextLength / 2 - 2;
            return (Math.Min(first, most), Math.Min(second, most));
        }

        var room = contextLength - 3;
        if (first + second <= room) return (first, second);
        // Cutting the longer one until both fit leaves the shorter whole, or halves.
        return first >= second
            ? (Math.Max(room - second, room - room / 2), Math.Min(second, room / 2))
            : (Math.Min(first, room / 2), Math.Max(room - first, room - room / 2));
    }
}
