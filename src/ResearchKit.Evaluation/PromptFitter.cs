using ResearchKit.Core;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation;

/// <summary>Renders and encodes prompts so that they fit the model, by the named policy.</summary>
internal sealed class PromptFitter(
    EvaluationTask task, TaskSplits splits, EvaluationOptions options, ITokenizer tokenizer, ContinuationEncoder encoder, int contextLength)
{
    private readonly PromptBuilder _builder = new(task, splits, options);

    /// <summary>Requests for every continuation of an item, with as many demonstrations as the policy leaves.</summary>
    public FittedPrompt FitContinuations(TaskItem item)
    {
        var fitted = Fit(item, rendered =>
        {
            var requests = rendered.Contexts.Zip(rendered.Continuations, (context, continuation) =>
            {
                var (contextIds, continuationIds) = encoder.Encode(context, continuation);
                return task.Scoring is TargetScoring { Span: TargetSpan.LastToken } && continuationIds.Length > 1
                    ? new LikelihoodRequest([.. contextIds, .. continuationIds[..^1]], continuationIds[^1..])
                    : new LikelihoodRequest(contextIds, continuationIds);
            }).ToArray();
            return (requests, requests.Max(request => request.Context.Length + request.Continuation.Length) - (contextLength + 1));
        });
        foreach (var request in fitted.Requests)
        {
            if (request.Continuation.Length == 0) throw new ConfigException($"Task {task.Name}, item {item.Id}: an answer is empty, so there is nothing to score.");
            if (request.Continuation.Length > contextLength)
            {
                throw new ConfigException($"Task {task.Name}, item {item.Id}: an answer has {request.Continuation.Length} tokens, more than the model's context of {contextLength}; leave the item out or use a model with a longer context.");
            }
        }

        return fitted;
    }

    /// <summary>The prompt to continue by <paramref name="newTokenCount"/> tokens.</summary>
    public FittedPrompt FitPrompt(TaskItem item, int newTokenCount) => Fit(item, rendered =>
    {
        var ids = tokenizer.Encode(rendered.Contexts[0]);
        var prompt = ids.Length > 0 ? ids : [encoder.PrefixTokenId];
        return ([new LikelihoodRequest(prompt, [])], prompt.Length + newTokenCount - contextLength);
    });

    /// <summary>The text of a perplexity item, which rolls over the model's context and so always fits.</summary>
    public FittedPrompt WholeText(TaskItem item) => new(_builder.Build(item, 0), []);

    private FittedPrompt Fit(TaskItem item, Func<RenderedPrompt, (LikelihoodRequest[] Requests, int Excess)> encode)
    {
        (FittedPrompt Prompt, int Excess) At(int shots)
        {
            var rendered = _builder.Build(item, shots);
            var (requests, excess) = encode(rendered);
            return (new FittedPrompt(rendered, requests), excess);
        }

        var (prompt, excess) = At(options.Shots);
        if (excess <= 0 || options.Overflow == OverflowPolicy.TruncateLeft) return prompt;
        if (options.Overflow == OverflowPolicy.Error)
        {
            throw new ConfigException($"Task {task.Name}, item {item.Id}: the prompt with {options.Shots} demonstrations is {excess} tokens too long for the model's context of {contextLength}; ask for fewer shots or choose the overflow policy reduce_shots or truncate_left.");
        }

        // More demonstrations never make a prompt shorter, so the largest number that fits is found by bisection.
        var (best, low, high) = (At(0).Prompt, 1, options.Shots - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var (candidate, tooLong) = At(middle);
            if (tooLong <= 0) (best, low) = (candidate, middle + 1);
            else high = middle - 1;
        }

        return best;
    }
}

/// <summary>A rendered prompt and the ids of each of its requests.</summary>
internal sealed record FittedPrompt(RenderedPrompt Rendered, IReadOnlyList<LikelihoodRequest> Requests);
