using ResearchKit.Core;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation;

/// <summary>An item exactly as a model meets it: text, tokens, and what of them is scored.</summary>
/// <param name="Id">Item id.</param>
/// <param name="DemonstrationIds">Ids of the demonstrations, in the order of the prompt.</param>
/// <param name="DemonstrationText">The part of every prompt before the item itself: instruction and demonstrations.</param>
/// <param name="Sequences">One for each choice or target; one for perplexity and generation.</param>
/// <param name="Answers">Accepted answers of free-form tasks; of a generated label, the label.</param>
public sealed record ItemView(string Id, IReadOnlyList<string> DemonstrationIds, string DemonstrationText, IReadOnlyList<ScoredSequence> Sequences, IReadOnlyList<string> Answers)
{
    /// <summary>Renders an item and encodes it as <see cref="Evaluator.Run"/> does, without cutting it to a model's context.</summary>
    /// <param name="task">Prompt and scoring.</param>
    /// <param name="splits">Items that demonstrations are drawn from.</param>
    /// <param name="options">Shots and seeds.</param>
    /// <param name="item">The item.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="ConfigException">A missing field or answer, or too few demonstrations.</exception>
    public static ItemView Of(EvaluationTask task, TaskSplits splits, EvaluationOptions options, TaskItem item, ITokenizer tokenizer)
    {
        var encoder = new ContinuationEncoder(tokenizer, options.PrefixTokenId);
        var builder = new PromptBuilder(task, splits, options);
        var shots = task.Scoring is PerplexityScoring or ThresholdScoring ? 0 : options.Shots;
        var rendered = builder.Build(item, shots);
        var bare = builder.Build(item, []).Contexts[0];
        var head = task.Prompt.Instruction.Length + rendered.Contexts[0].Length - bare.Length;
        var sequences = rendered.Continuations.Count > 0
            ? rendered.Contexts.Zip(rendered.Continuations, (context, continuation) => Continued(task.Scoring, context, continuation, encoder, tokenizer)).ToArray()
            : [task.Scoring is GenerationScoring ? Generated(rendered.Contexts[0], encoder, tokenizer) : Whole(rendered.Contexts[0], encoder, tokenizer)];
        var gold = task.Scoring is TargetScoring ? 0 : item.Gold;
        return new(item.Id, rendered.DemonstrationIds, rendered.Contexts[0][..head], [.. sequences.Select((sequence, i) => sequence with { IsRight = rendered.Continuations.Count > 0 && i == gold })],
            task.Scoring is GenerationScoring && item.Answers.Count == 0 ? [PromptBuilder.GoldText(item)] : item.Answers);
    }

    private static ScoredSequence Continued(Scoring scoring, string context, string continuation, ContinuationEncoder encoder, ITokenizer tokenizer)
    {
        var (contextIds, continuationIds) = encoder.Encode(context, continuation);
        var text = context + continuation;
        var start = context.TrimEnd().Length;                              // white space before the answer is scored with it
        if (scoring is TargetScoring { Span: TargetSpan.LastToken } && continuationIds.Length > 1)
        {
            contextIds = [.. contextIds, .. continuationIds[..^1]];
            continuationIds = continuationIds[^1..];
            start = Math.Max(start, text.Length - tokenizer.Decode(continuationIds).Length);
        }

        return new(text, start, [.. Shown(contextIds, false, tokenizer), .. Shown(continuationIds, true, tokenizer)]);
    }

    private static ScoredSequence Whole(string text, ContinuationEncoder encoder, ITokenizer tokenizer) =>
        new(text, 0, [.. Shown([encoder.PrefixTokenId], false, tokenizer), .. Shown(tokenizer.Encode(text), true, tokenizer)]);

    private static ScoredSequence Generated(string prompt, ContinuationEncoder encoder, ITokenizer tokenizer) =>
        new(prompt, prompt.Length, [.. Shown(tokenizer.Encode(prompt) is { Length: > 0 } ids ? ids : [encoder.PrefixTokenId], false, tokenizer)]);

    private static IEnumerable<ShownToken> Shown(IEnumerable<int> ids, bool isScored, ITokenizer tokenizer) => ids.Select(id => new ShownToken(id, tokenizer.Decode([id]), isScored));
}

/// <summary>A text whose end is scored, or continued where nothing is.</summary>
/// <param name="Text">The whole text.</param>
/// <param name="ScoredStart">First UTF-16 unit of the scored part; the length of the text where the answer is generated.</param>
/// <param name="Tokens">What the model is given and asked about; the prefix token stands for an empty context.</param>
public sealed record ScoredSequence(string Text, int ScoredStart, IReadOnlyList<ShownToken> Tokens)
{
    /// <summary>Whether this is the right choice or the target.</summary>
    public bool IsRight { get; init; }

    /// <summary>The part that is scored.</summary>
    public string Scored => Text[ScoredStart..];
}

/// <summary>A token of a prompt.</summary>
/// <param name="Id">Id.</param>
/// <param name="Text">What it decodes to by itself; part of a character is U+FFFD.</param>
/// <param name="IsScored">Whether its log-probability counts.</param>
public sealed record ShownToken(int Id, string Text, bool IsScored);
