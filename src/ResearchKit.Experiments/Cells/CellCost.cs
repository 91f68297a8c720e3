using ResearchKit.Core.Configuration;
using ResearchKit.Core.Tasks;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Tasks;
using ResearchKit.Training.FineTuning;

namespace ResearchKit.Experiments.Cells;

/// <summary>Work of cells in forward-pass tokens, from a few items put into words and tokenized; good enough for time left and for a dry run.</summary>
/// <remarks>Sisters share tasks and tokenizers, so what was measured once is remembered.</remarks>
internal sealed class CellCost
{
    private const int SampledItems = 8;
    private readonly Dictionary<(string Task, string Tokenizer, int Context, int Shots), double> _prompts = [];
    private readonly Dictionary<(string Task, string Tokenizer, int Context), double> _examples = [];

    /// <summary>Work of a k-shot evaluation: every prompt once, cut to the context, and every answer behind it.</summary>
    /// <exception cref="Core.ConfigException">The task's prompt cannot be made: too few demonstrations, a missing field.</exception>
    public long InContext(ReadyTask task, int shots, ModelHeader model, ITokenizer tokenizer)
    {
        var key = (task.Fingerprint, model.TokenizerFingerprint, model.Config.ContextLength, shots);
        if (!_prompts.TryGetValue(key, out var tokens))
        {
            var builder = new PromptBuilder(task.Task, task.Splits, new EvaluationOptions { Shots = shots, DemonstrationSeed = 1 });
            _prompts[key] = tokens = Sampled(task.Splits.Test).Average(item => PromptTokens(task.Task.Scoring, builder.Build(item, shots), model.Config.ContextLength, tokenizer));
        }

        return (long)(tokens * task.Splits.Test.Count);
    }

    /// <summary>Work of a fine-tuning: training tokens count three times (forward and backward), and every epoch scores the validation split.</summary>
    public long FineTuning(ReadyTask task, int examples, FineTuneRecipe recipe, int? validationLimit, ModelHeader model, ITokenizer tokenizer)
    {
        var key = (task.Fingerprint, model.TokenizerFingerprint, model.Config.ContextLength);
        if (!_examples.TryGetValue(key, out var tokens))
        {
            var transformation = new InputTransformation(tokenizer, model.Config.VocabularySize, model.Config.ContextLength);
            _examples[key] = tokens = task.Labelled(Sampled(task.Splits.Train)).Select(example => (double)transformation.Encode(example).Sequences.Sum(sequence => sequence.Length)).DefaultIfEmpty(0).Average();
        }

        return (long)(tokens * (3.0 * recipe.Epochs * examples + recipe.Epochs * Math.Min(validationLimit ?? int.MaxValue, task.Splits.Validation.Count) + task.Splits.Test.Count));
    }

    private static IEnumerable<TaskItem> Sampled(IReadOnlyList<TaskItem> items) =>
        Enumerable.Range(0, Math.Min(SampledItems, items.Count)).Select(i => items[(int)((long)i * items.Count / Math.Min(SampledItems, items.Count))]);

    private static double PromptTokens(Scoring scoring, RenderedPrompt prompt, int contextLength, ITokenizer tokenizer)
    {
        int Tokens(string text) => tokenizer.Encode(text).Length;
        return scoring switch
        {
            PerplexityScoring or ThresholdScoring => Tokens(prompt.Contexts[0]),
            GenerationScoring generation => Math.Min(contextLength, Tokens(prompt.Contexts[0])) + generation.MaxNewTokenCount / 2,
            PartialScoring => prompt.Contexts.Zip(prompt.Continuations, (context, answer) => Math.Min(contextLength, Tokens(context + answer))).Sum(),
            _ => Math.Min(contextLength, Tokens(prompt.Contexts[0])) + prompt.Continuations.Sum(Tokens),
        };
    }
}
