using System.Text;
using System.Text.RegularExpressions;
using ResearchKit.Core;
using ResearchKit.Core.Random;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation;

/// <summary>Runs a task: prompts, requests, scores. It reads top to bottom: choose items, fit prompts, ask the model, rank.</summary>
/// <remarks>It does not load models or data, and keeps nothing between runs. Equal arguments give equal results.</remarks>
public static class Evaluator
{
    /// <summary>Scores a model on a task.</summary>
    /// <param name="model">Model, asked for each different request once.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="task">Prompt and scoring.</param>
    /// <param name="splits">Items; the test split is scored.</param>
    /// <param name="options">Shots, seeds, limits.</param>
    /// <param name="progress">Told after every chunk of requests.</param>
    /// <param name="cancellation">Stops between batches of the model.</param>
    /// <exception cref="ConfigException">No items, too few demonstrations, a missing field, an answer longer than the model's context, or an overflow under <see cref="OverflowPolicy.Error"/>.</exception>
    public static TaskResult Run(
        ILanguageModel model, ITokenizer tokenizer, EvaluationTask task, TaskSplits splits, EvaluationOptions options,
        IProgress<EvaluationProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (options.Shots < 0) throw new ConfigException($"Shots ({options.Shots}) must be at least 0.");
        if (options.PrefixTokenId is { } prefix && (prefix < 0 || prefix >= model.VocabularySize)) throw new ConfigException($"Prefix token ({prefix}) must lie between 0 and {model.VocabularySize - 1}, the ids of model {model.Name}.");
        if (options.ChunkSize < 1) throw new ConfigException($"Chunk size ({options.ChunkSize}) must be at least 1.");
        if (task.Scoring is GenerationScoring { MaxNewTokenCount: var longest } && (longest < 1 || longest >= model.ContextLength))
        {
            throw new ConfigException($"Task {task.Name}: answers of up to {longest} tokens, but model {model.Name} has a context of {model.ContextLength}; allowed are 1 to {model.ContextLength - 1}.");
        }

        if (tokenizer.VocabularySize > model.VocabularySize)
        {
            throw new ConfigException($"Tokenizer {tokenizer.Name} has {tokenizer.VocabularySize} ids but model {model.Name} only {model.VocabularySize}; use the tokenizer that the model was trained with.");
        }

        var run = new OneRun(model, tokenizer, task, splits, options, progress, cancellation);
        var outcome = run.Results();
        var metrics = TaskMetrics.All(task, outcome);
        var headline = TaskMetrics.Names(task)[0];
        return new TaskResult
        {
            Task = task.Name,
            Model = model.Name,
            WeightsHash = model.WeightsHash,
            Tokenizer = tokenizer.Name,
            TokenizerFingerprint = tokenizer.Fingerprint,
            Options = task.Scoring is PerplexityScoring or ThresholdScoring ? options with { Shots = 0 } : options,   // they show no demonstrations
            Metric = headline,
            Rule = outcome[0].Predictions is [var first, ..] ? first.Rule : null,
            Score = metrics[headline],
            Metrics = metrics,
            Items = outcome,
            PrefixTokenId = run.PrefixTokenId,
            RequestCount = run.Ledger.RequestCount,
            DistinctRequestCount = run.Ledger.DistinctRequestCount,
            ForwardTokenCount = run.Ledger.ForwardTokenCount,
        };
    }

    /// <summary>The items that a run scores: all, or the first n of a seeded shuffle, in the order of the split. The same for every k, and those of a smaller n are among those of a larger one.</summary>
    /// <exception cref="ConfigException">The test split is empty, or the limit below 1.</exception>
    public static IReadOnlyList<TaskItem> SelectItems(EvaluationTask task, TaskSplits splits, EvaluationOptions options)
    {
        if (splits.Test.Count == 0) throw new ConfigException($"Task {task.Name} has no test items.");
        if (options.Limit is not { } limit) return splits.Test;
        if (limit < 1) throw new ConfigException($"Limit ({limit}) must be at least 1, or absent for all items.");
        var chosen = new CounterRandom(options.Seed, "test items of " + task.Name).Sample(splits.Test.Count, Math.Min(limit, splits.Test.Count));
        return [.. chosen.Order().Select(i => splits.Test[i])];
    }

    /// <summary>Test items with an answer that alone is longer than a context, so that it can't be scored. <see cref="Run"/> refuses them; a comparison of several models leaves them out beforehand.</summary>
    /// <param name="task">The task.</param>
    /// <param name="splits">Its items.</param>
    /// <param name="tokenizer">Encodes the answers.</param>
    /// <param name="contextLength">n_ctx, tokens.</param>
    /// <returns>Their ids; none where answers are generated or whole texts are scored.</returns>
    public static IReadOnlyList<string> ItemsThatDoNotFit(EvaluationTask task, TaskSplits splits, ITokenizer tokenizer, int contextLength)
    {
        if (task.Scoring is GenerationScoring or PerplexityScoring) return [];
        var builder = new PromptBuilder(task, splits, new EvaluationOptions());
        var encoder = new ContinuationEncoder(tokenizer);
        return [.. splits.Test.Where(item =>
        {
            var rendered = builder.Build(item, 0);
            // A token is at least one byte, so most answers need no encoding.
            return rendered.Contexts.Zip(rendered.Continuations).Any(pair => Encoding.UTF8.GetByteCount(pair.Second) > contextLength && encoder.Encode(pair.First, pair.Second).Continuation.Length > contextLength);
        }).Select(item => item.Id)];
    }

    /// <summary>One run: what its steps share.</summary>
    private sealed class OneRun
    {
        private readonly ILanguageModel _model;
        private readonly ITokenizer _tokenizer;
        private readonly EvaluationTask _task;
        private readonly TaskSplits _splits;
        private readonly EvaluationOptions _options;
        private readonly CancellationToken _cancellation;
        private readonly IReadOnlyList<TaskItem> _items;
        private readonly ContinuationEncoder _encoder;
        private readonly PromptFitter _fitter;

        public OneRun(ILanguageModel model, ITokenizer tokenizer, EvaluationTask task, TaskSplits splits, EvaluationOptions options, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
        {
            (_model, _tokenizer, _task, _splits, _options, _cancellation) = (model, tokenizer, task, splits, options, cancellation);
            _items = SelectItems(task, splits, options);
            _encoder = new ContinuationEncoder(tokenizer, options.PrefixTokenId);
            _fitter = new PromptFitter(task, splits, options, tokenizer, _encoder, model.ContextLength);
            Ledger = new RequestLedger(model, task.Name, options.ChunkSize, progress);
        }

        /// <summary>What the model is asked.</summary>
        public RequestLedger Ledger { get; }

        /// <summary>Token standing for an empty context.</summary>
        public int PrefixTokenId => _encoder.PrefixTokenId;

        /// <summary>Asks and scores every item.</summary>
        public ItemResult[] Results() => _task.Scoring switch
        {
            GenerationScoring scoring => Generate(scoring),
            ThresholdScoring scoring => Threshold(scoring),
            PerplexityScoring scoring => Roll(scoring, _items),
            TargetScoring { StopWords: { } list } => WithoutStopWords(list, Rank()),
            _ => Rank(),
        };

        private ItemResult[] Rank()
        {
            // Unconditional scores make no sense where the choice itself stands in the context.
            string[] answerContexts = _task.Scoring is ChoiceScoring choiceScoring
                ? [.. _options.UnconditionalContexts.Union(choiceScoring.Normalization == Normalization.Unconditional ? [choiceScoring.AnswerContext ?? ""] : [])]
                : [];
            var rules = Rules(_task.Scoring, answerContexts);
            var asked = new List<(FittedPrompt Prompt, int[] Requests, int[][] Unconditional)>();
            foreach (var item in _items)
            {
                _cancellation.ThrowIfCancellationRequested();
                var prompt = _fitter.FitContinuations(item);
                var unconditional = answerContexts.Select(context => prompt.Rendered.Continuations
                    .Select(continuation => _encoder.Encode(context, continuation))
                    .Select(pair => Ledger.Add(new LikelihoodRequest(pair.Context, pair.Continuation))).ToArray()).ToArray();
                asked.Add((prompt, [.. prompt.Requests.Select(Ledger.Add)], unconditional));
            }

            var scores = Ledger.LogLikelihood(_cancellation);
            return [.. _items.Zip(asked, (item, request) =>
            {
                var (prompt, requests, unconditional) = request;
                var choices = requests.Select((index, i) => new ChoiceResult
                {
                    Text = prompt.Rendered.Continuations[i],
                    Answer = PromptBuilder.ScoredAnswers(_task.Scoring, item)[i],
                    TokenIds = prompt.Requests[i].Continuation,
                    TokenLogProbabilities = scores[index].TokenLogProbabilities,
                    LogProbability = scores[index].LogProbability,
                    IsGreedy = scores[index].IsGreedy,
                    CharacterCount = CountedText(_task.Scoring, item, i, prompt).EnumerateRunes().Count(),
                    ByteCount = Encoding.UTF8.GetByteCount(CountedText(_task.Scoring, item, i, prompt)),
                    Unconditional = [.. answerContexts.Select((context, c) => new UnconditionalScore(context, scores[unconditional[c][i]].LogProbability))],
                }).ToArray();
                var predictions = rules.Select(rule => rule.Predict(choices, item.Gold)).ToArray();
                return Result(item, prompt, requests.Max(index => scores[index].DroppedTokenCount)) with
                {
                    Choices = choices,
                    Predictions = predictions,
                    Score = (_task.Scoring is TargetScoring ? choices.Any(choice => choice.IsGreedy) : TaskMetrics.IsRight(_task, item, predictions[0].Choice)) ? 1 : 0,
                };
            })];
        }

        private static RankingRule[] Rules(Scoring scoring, string[] answerContexts)
        {
            RankingRule[] plain = [new(Normalization.Sum), new(Normalization.PerToken), new(Normalization.PerCharacter), new(Normalization.PerByte)];
            return scoring switch
            {
                ChoiceScoring choice => [RankingRule.Of(choice),
                    .. plain.Concat(answerContexts.Select(context => new RankingRule(Normalization.Unconditional, context))).Where(rule => rule != RankingRule.Of(choice))],
                PartialScoring => plain,
                _ => [],
            };
        }

        // Of partial scoring the choice stands in the context, so what counts is the shared continuation.
        private static string CountedText(Scoring scoring, TaskItem item, int choice, FittedPrompt prompt) =>
            scoring is PartialScoring ? prompt.Rendered.Continuations[choice].TrimStart() : PromptBuilder.ScoredAnswers(scoring, item)[choice];

        private ItemResult[] Generate(GenerationScoring scoring)
        {
            var stops = scoring.StopStrings.Length > 0 || scoring.SentenceCount is not null ? scoring.StopStrings : ["\n"];
            GenerationOptions Options(TaskItem item) => new()
            {
                MaxNewTokenCount = scoring.MaxNewTokenCount,
                BeamWidth = scoring.TopK is null ? scoring.BeamWidth : 1,
                LengthPenalty = scoring.LengthPenalty,
                TopK = scoring.TopK ?? 0,
                Temperature = scoring.TopK is null ? 0 : 1,
                Seed = scoring.TopK is null ? _options.Seed : (long)new CounterRandom(_options.DemonstrationSeed ?? _options.Seed, "sampled answer/" + item.Id).NextUInt64(),
                StopTokens = _tokenizer.EndOfTextId is { } end ? [end] : [],
                Overflow = ContextOverflow.CutPrompt,
            };
            bool Stops(IReadOnlyList<int> ids)
            {
                var text = _tokenizer.Decode(ids as int[] ?? [.. ids]);
                return stops.Any(stop => text.Contains(stop, StringComparison.Ordinal));
            }

            var prompts = _items.Select(item => _fitter.FitPrompt(item, scoring.MaxNewTokenCount)).ToArray();
            var noAnswers = NoAnswers(scoring, prompts);
            var generated = Ledger.Generate([.. prompts.Select((prompt, i) => new GenerationRequest(prompt.Requests[0].Context, Options(_items[i])) { Stop = Stops })], _cancellation);
            return [.. _items.Select((item, i) =>
            {
                var text = CutAt(_tokenizer.Decode(generated[i].Tokens), stops);
                if (scoring.SentenceCount is { } sentences) text = Sentences.First(text, sentences);
                var answers = item.Answers.Count > 0 ? item.Answers : [PromptBuilder.GoldText(item)];
                return Result(item, prompts[i], generated[i].DroppedTokenCount) with
                {
                    Generated = text,
                    Answers = answers,
                    Choices = noAnswers.Length > 0 ? [noAnswers[i]] : [],
                    Score = GenerationMetrics.Score(scoring.Metric, text, answers) is var score && scoring.LabelSaysMatch == true ? (score >= 1 == (item.Gold == 1) ? 1 : 0) : score,
                };
            })];
        }

        /// <summary>How likely each prompt goes on with the text that stands for "no answer"; empty where the scoring names none.</summary>
        private ChoiceResult[] NoAnswers(GenerationScoring scoring, FittedPrompt[] prompts)
        {
            if (scoring.NoAnswer is not { } answer) return [];
            var text = " " + answer;
            var encoded = prompts.Select(prompt => _encoder.Encode(prompt.Rendered.Contexts[0], text)).ToArray();
            var asked = encoded.Select(pair => Ledger.Add(new LikelihoodRequest(pair.Context, pair.Continuation))).ToArray();
            var scores = Ledger.LogLikelihood(_cancellation);
            return [.. asked.Select((index, i) => new ChoiceResult
            {
                Text = text,
                Answer = answer,
                TokenIds = encoded[i].Continuation,
                TokenLogProbabilities = scores[index].TokenLogProbabilities,
                LogProbability = scores[index].LogProbability,
                IsGreedy = scores[index].IsGreedy,
                CharacterCount = answer.EnumerateRunes().Count(),
                ByteCount = Encoding.UTF8.GetByteCount(answer),
            })];
        }

        private ItemResult[] Roll(PerplexityScoring scoring, IReadOnlyList<TaskItem> items)
        {
            var prompts = items.Select(_fitter.WholeText).ToArray();
            var texts = prompts.Select(prompt => prompt.Rendered.Contexts[0]).ToArray();
            var ids = texts.Select(_tokenizer.Encode).ToArray();
            var rolled = scoring.Stride is { } stride
                ? StridedWindows.LogLikelihood(ids, _encoder.PrefixTokenId, _model.ContextLength, stride, Ledger, _cancellation)
                : Ledger.Roll(ids, _encoder.PrefixTokenId, _cancellation);
            return [.. items.Select((item, i) =>
            {
                var counted = scoring.CountedField is { } field
                    ? item.Fields.GetValueOrDefault(field) ?? throw new ConfigException($"Item {item.Id} has no field `{field}` to count words and bytes of.")
                    : texts[i];
                return Result(item, prompts[i], 0) with
                {
                    Score = rolled[i].Sum(),
                    Choices = [new ChoiceResult
                    {
                        Text = texts[i],
                        Answer = counted,
                        TokenIds = ids[i],
                        TokenLogProbabilities = rolled[i],
                        LogProbability = rolled[i].Sum(),
                        CharacterCount = counted.EnumerateRunes().Count(),
                        ByteCount = Encoding.UTF8.GetByteCount(counted),
                        WordCount = scoring.CountLineEnds == true
                            ? counted.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length + counted.Count(c => c == '\n')
                            : Regex.Split(counted, @"\s+").Length,
                    }],
                };
            })];
        }

        private ItemResult[] Threshold(ThresholdScoring scoring)
        {
            var pool = _task.Demonstrations.Split == "validation" ? _splits.Validation : _splits.Train;
            if (pool.Count == 0) throw new ConfigException($"Task {_task.Name}: no {_task.Demonstrations.Split} items to choose the threshold by.");
            var chosen = new CounterRandom(_options.DemonstrationSeed ?? _options.Seed, "threshold").Sample(pool.Count, Math.Min(pool.Count, scoring.CalibrationItemCount));
            TaskItem[] all = [.. _items, .. chosen.Select(i => pool[i])];
            var rolled = Roll(new PerplexityScoring(), all);
            double Mean(ItemResult item) => item.Choices[0].LogProbability / Math.Max(1, item.Choices[0].TokenIds.Count);
            var threshold = LabelThreshold.Best([.. rolled.Skip(_items.Count).Select(item => (Mean(item), item.Gold == 1))]);
            return [.. rolled.Take(_items.Count).Select(item => Mean(item) > threshold ? 1 : 0).Zip(rolled, (choice, item) => item with
            {
                Predictions = [new ChoicePrediction("threshold", choice, choice == item.Gold, false)],
                Score = choice == item.Gold ? 1 : 0,
            })];
        }

        /// <summary>GPT-2's stop-word filter on targets already scored: right where greedy decoding from all tokens but the list's gives the target.</summary>
        /// <remarks>Only words that are one token can be left out of the prediction; a target that is itself of the list is never predicted.</remarks>
        private ItemResult[] WithoutStopWords(string list, ItemResult[] scored)
        {
            var words = StopWordList.Get(list);
            // As the target begins: without its space a stop word would be the end of a longer word too.
            var before = scored[0].Choices[0].Text.StartsWith(' ') ? " " : "";
            int[] suppressed = [.. words.Select(word => _tokenizer.Encode(before + word)).Where(ids => ids.Length == 1).Select(ids => ids[0]).Distinct().Order()];
            var requests = _items.Select(item => _fitter.FitContinuations(item).Requests[0]).ToArray();
            var generated = Ledger.Generate([.. requests.Select(request => new GenerationRequest(request.Context, new GenerationOptions
            {
                MaxNewTokenCount = request.Continuation.Length, SuppressedTokens = suppressed, Overflow = ContextOverflow.CutPrompt,
            }))], _cancellation);
            return [.. scored.Select((item, i) => item with
            {
                Generated = _tokenizer.Decode(generated[i].Tokens),
                Score = generated[i].Tokens.AsSpan().SequenceEqual(requests[i].Continuation) && !words.Contains(item.Choices[0].Answer.Trim(), StringComparer.OrdinalIgnoreCase) ? 1 : 0,
            })];
        }

        private static ItemResult Result(TaskItem item, FittedPrompt prompt, int dropped) => new()
        {
            Id = item.Id,
            Prompt = prompt.Rendered.Contexts[0],
            Gold = item.Gold,
            Answers = item.Answers,
            Score = 0,
            ShotsUsed = prompt.Rendered.DemonstrationIds.Count,
            DemonstrationIds = prompt.Rendered.DemonstrationIds,
            DroppedTokenCount = dropped,
            Cluster = item.Cluster,
            Group = item.Group,
        };

        private static string CutAt(string text, IEnumerable<string> stops)
        {
            var ends = stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).ToArray();
            return ends.Length == 0 ? text : text[..ends.Min()];
        }
    }
}
