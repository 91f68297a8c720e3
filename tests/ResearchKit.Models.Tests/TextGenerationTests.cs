using FsCheck.Xunit;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using ResearchKit.Models.Tests.Reference;
using ResearchKit.Testing;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

public class TextGenerationTests
{
    [Property(MaxTest = 60)]
    public void TextsDoNotDependOnTheirNeighbours(int seed)
    {
        var config = TinyModel.Config(seed);
        using var model = new GptLanguageModel(TinyModel.Of(config, seed), "tiny", "");
        var random = new CounterRandom(seed, "requests");
        var requests = Enumerable.Range(0, random.Next(2, 6)).Select(_ => Request(random, config)).ToArray();
        var together = model.Generate(requests);
        for (var i = 0; i < requests.Length; i++)
        {
            var alone = model.Generate([requests[i]])[0];
            Assert.Equal(alone.Tokens, together[i].Tokens);
            Assert.Equal(alone.LogProbability, together[i].LogProbability, 1e-3);
            Assert.Equal(alone.DroppedTokenCount, together[i].DroppedTokenCount);
        }
    }

    [Property(MaxTest = 60)]
    public void EveryTokenIsChosenFromTheFullPassOverItsWindow(int seed)
    {
        var config = TinyModel.Config(seed);
        using var gpt = TinyModel.Of(config, seed);
        using var model = new GptLanguageModel(gpt, "tiny", "");
        var random = new CounterRandom(seed, "requests");
        var request = Request(random, config) with { };
        request = request with { Options = request.Options with { BeamWidth = 1, Overflow = ContextOverflow.Slide, StopTokens = [] } };
        var text = model.Generate([request])[0];
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        int[] all = [.. request.Prompt, .. text.Tokens];
        var sum = 0.0;
        for (var step = 0; step < text.Tokens.Length; step++)
        {
            var seen = all[..(request.Prompt.Length + step)].TakeLast(config.ContextLength).ToArray();
            var logits = gpt.call(TinyModel.Tokens(seen))[0, -1];
            Assert.Equal(text.Tokens[step], TokenSampler.Choose(logits.data<float>().ToArray(), request.Options, step));
            sum += nn.functional.log_softmax(logits, -1)[text.Tokens[step]].item<float>();
        }

        Assert.Equal(request.Options.MaxNewTokenCount, text.Tokens.Length);
        Assert.Equal(sum, text.LogProbability, 1e-3);
        Assert.Equal(Math.Clamp(all.Length - 1 - config.ContextLength, 0, request.Prompt.Length), text.DroppedTokenCount);
    }

    [Property(MaxTest = 40)]
    public void SuppressedTokensAreNeverChosenAndTheOthersKeepTheirOrder(int seed)
    {
        var config = TinyModel.Config(seed);
        using var gpt = TinyModel.Of(config, seed);
        using var model = new GptLanguageModel(gpt, "tiny", "");
        var random = new CounterRandom(seed, "suppressed");
        int[] suppressed = [.. random.Sample(config.VocabularySize, random.Next(1, config.VocabularySize - 1))];
        int[] prompt = [random.Next(config.VocabularySize)];
        var greedy = model.Generate([new GenerationRequest(prompt, new GenerationOptions { MaxNewTokenCount = 1, SuppressedTokens = suppressed })])[0];
        var beams = model.Generate([new GenerationRequest(prompt, new GenerationOptions { MaxNewTokenCount = 3, BeamWidth = 2, SuppressedTokens = suppressed })])[0];
        Assert.Empty(greedy.Tokens.Concat(beams.Tokens).Intersect(suppressed));
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var logits = gpt.call(TinyModel.Tokens(prompt))[0, -1].data<float>().ToArray();
        Assert.Equal(Enumerable.Range(0, config.VocabularySize).Except(suppressed).MaxBy(id => logits[id]), greedy.Tokens[0]);
        Assert.Throws<ArgumentException>(() => model.Generate([new GenerationRequest(prompt, new GenerationOptions { SuppressedTokens = [config.VocabularySize] })]));
    }

    [Property(MaxTest = 30)]
    public void ABeamAsWideAsTheTreeFindsTheBestTextOfAll(int seed)
    {
        var config = TinyModel.Config(seed) with { VocabularySize = 4, ContextLength = 10 };
        using var gpt = TinyModel.Of(config, seed);
        using var model = new GptLanguageModel(gpt, "tiny", "");
        var random = new CounterRandom(seed, "beam");
        var prompt = TinyModel.Ids(random, config, random.Next(1, 5));
        var alpha = random.Pick([0.0, 0.6, 1.0, 2.0]);
        const int stop = 3;
        var options = new GenerationOptions { MaxNewTokenCount = 3, BeamWidth = 64, LengthPenalty = alpha, StopTokens = [stop] };
        var found = model.Generate([new GenerationRequest(prompt, options)])[0];

        // Every text of 0 … 3 tokens, ended by the stop token or by its length.
        var texts = new List<(int[] Tokens, int[] Scored)>();
        void Grow(int[] tokens)
        {
            if (tokens.Length == 3)
            {
                texts.Add((tokens, tokens));
                return;
            }

            texts.Add((tokens, [.. tokens, stop]));
            for (var id = 0; id < stop; id++) Grow([.. tokens, id]);
        }

        Grow([]);
        var scores = model.LogLikelihood([.. texts.Select(text => new LikelihoodRequest(prompt, text.Scored))]);
        var best = texts.Zip(scores, (text, score) => (text.Tokens, Score: score.LogProbability / Math.Pow(text.Scored.Length, alpha))).MaxBy(entry => entry.Score);
        Assert.Equal(best.Tokens, found.Tokens);
    }

    [Fact]
    public void GenerationStopsAtStopTokensAndStopCallbacks()
    {
        var config = TinyModel.Config(5) with { ContextLength = 24 };
        using var model = new GptLanguageModel(TinyModel.Of(config, 5), "tiny", "");
        var free = model.Generate([new GenerationRequest([1, 2], new GenerationOptions { MaxNewTokenCount = 12, Temperature = 2, Seed = 4 })])[0].Tokens;
        var options = new GenerationOptions { MaxNewTokenCount = 12, Temperature = 2, Seed = 4 };
        Assert.Equal(free.TakeWhile(id => id != free[5]), model.Generate([new GenerationRequest([1, 2], options with { StopTokens = [free[5]] })])[0].Tokens);
        var stopped = model.Generate([new GenerationRequest([1, 2], options) { Stop = tokens => tokens.Count == 4 }])[0].Tokens;
        Assert.Equal(free[..4], stopped);
    }

    [Fact]
    public void AnyNumberOfTokensMayBeAskedForWhereSomethingElseEndsTheText()
    {
        var config = TinyModel.Config(5) with { ContextLength = 8 };
        using var model = new GptLanguageModel(TinyModel.Of(config, 5), "tiny", "");
        int[] Text(GenerationOptions options, Func<IReadOnlyList<int>, bool>? stop = null) => model.Generate([new GenerationRequest([1, 2], options) { Stop = stop }])[0].Tokens;
        var twelve = new GenerationOptions { MaxNewTokenCount = 12, Temperature = 2, Seed = 4 };
        var endless = twelve with { MaxNewTokenCount = int.MaxValue };
        var free = Text(twelve);
        Assert.Equal(free.TakeWhile(id => id != free[5]), Text(endless with { StopTokens = [free[5]] }));
        Assert.Equal(free, Text(endless, tokens => tokens.Count == 12));
        Assert.Equal(3, Text(new GenerationOptions { MaxNewTokenCount = int.MaxValue, BeamWidth = 2 }, tokens => tokens.Count == 3).Length);
    }

    [Fact]
    public void CutPromptMakesRoomBeforeTheStart()
    {
        var config = TinyModel.Config(6) with { ContextLength = 12 };
        using var model = new GptLanguageModel(TinyModel.Of(config, 6), "tiny", "");
        var prompt = TinyModel.Ids(new CounterRandom(6, "prompt"), config, 15);
        var options = new GenerationOptions { MaxNewTokenCount = 5, Overflow = ContextOverflow.CutPrompt };
        var cut = model.Generate([new GenerationRequest(prompt, options)])[0];
        Assert.Equal(8, cut.DroppedTokenCount);
        Assert.Equal(model.Generate([new GenerationRequest(prompt[8..], options)])[0].Tokens, cut.Tokens);
        Assert.Throws<ArgumentException>(() => model.Generate([new GenerationRequest(prompt, options with { MaxNewTokenCount = 12 })]));
    }

    [Fact]
    public void DifferentSeedsGiveDifferentTextsAndEqualSeedsEqualOnes()
    {
        using var model = new GptLanguageModel(TinyModel.Of(TinyModel.Config(7), 7), "tiny", "");
        int[] Text(long seed) => model.Generate([new GenerationRequest([1], new GenerationOptions { Temperature = 3, MaxNewTokenCount = 20, Seed = seed })])[0].Tokens;
        Assert.Equal(Text(1), Text(1));
        Assert.NotEqual(Text(1), Text(2));
    }

    [Fact]
    public void TheTwoPublishedReadingsOfTopPDifferInTheCrossingToken()
    {
        // Probabilities 0.5, 0.3, 0.2: at p = 0.6 the second token crosses.
        float[] logits = [MathF.Log(0.5f), MathF.Log(0.3f), MathF.Log(0.2f)];
        double[] Filter(double p, TopPVariant variant) => TokenSampler.Probabilities(logits, new GenerationOptions { Temperature = 1, TopP = p, TopPVariant = variant });
        Assert.Equal([0.625, 0.375, 0], Filter(0.6, TopPVariant.HuggingFace).Select(p => Math.Round(p, 6)));
        Assert.Equal([1, 0, 0], Filter(0.6, TopPVariant.OpenAI));
        Assert.Equal([1, 0, 0], Filter(0.1, TopPVariant.OpenAI));
        Assert.Equal([1, 0, 0], Filter(0.1, TopPVariant.HuggingFace));
    }

    [Fact]
    public void TokensThatTieWithTheKthSurviveTopK()
    {
        var probabilities = TokenSampler.Probabilities([1f, 3f, 2f, 2f], new GenerationOptions { Temperature = 1, TopK = 2 });
        Assert.Equal([false, true, true, true], probabilities.Select(p => p > 0));
    }

    [Property]
    public void DrawsFollowTheProbabilities(int seed)
    {
        float[] logits = [0f, 1f, 2f];
        var options = new GenerationOptions { Temperature = 1, Seed = seed };
        var expected = TokenSampler.Probabilities(logits, options);
        var counts = new int[3];
        for (var step = 0; step < 2000; step++) counts[TokenSampler.Choose(logits, options, step)]++;
        for (var id = 0; id < 3; id++) Assert.InRange(counts[id] / 2000.0, expected[id] - 0.06, expected[id] + 0.06);
    }

    [Fact]
    public void ABadRequestSaysWhichAndWhy()
    {
        using var model = new GptLanguageModel(TinyModel.Of(TinyModel.Config(8), 8), "tiny", "");
        void Fails(string part, int[] prompt, GenerationOptions options) =>
            Assert.Contains(part, Assert.Throws<ArgumentException>(() => model.Generate([new GenerationRequest(prompt, options)])).Message);
        Fails("Request 0: the prompt is empty", [], new());
        Fails("id 1000", [1000], new());
        Fails("TopP (0)", [1], new() { TopP = 0 });
        Fails("does not sample", [1], new() { BeamWidth = 2, Temperature = 1 });
    }

    [Fact]
    public void GenerationAndScoringLeaveNoTensorBehindAndRestoreTheMode()
    {
        using var gpt = TinyModel.Of(TinyModel.Config(9) with { ContextLength = 16 }, 9);
        var model = new GptLanguageModel(gpt, "tiny", "");
        gpt.train();
        GenerationRequest[] requests =
        [
            new([1], new() { MaxNewTokenCount = 3 }),
            new([1, 2], new() { MaxNewTokenCount = 20, Temperature = 1, TopK = 3, TopP = 0.9 }),
            new([1, 2, 3], new() { MaxNewTokenCount = 6, BeamWidth = 3 }),
        ];
        TensorLeak.None(() => model.Generate(requests));
        TensorLeak.None(() => model.LogLikelihood([new([1], [2]), new([1, 2], [3, 4])]));
        TensorLeak.None(() => model.RollingLogLikelihood([[1, 2, 3]], 0));
        Assert.True(gpt.training);
    }

    private static GenerationRequest Request(CounterRandom random, ModelConfig config)
    {
        var options = new GenerationOptions
        {
            MaxNewTokenCount = random.Next(1, config.ContextLength),
            Temperature = random.Pick([0.0, 1.0]),
            TopK = random.Pick([0, 3]),
            TopP = random.Pick([1.0, 0.8]),
            Seed = random.Next(100),
            StopTokens = random.Next(3) == 0 ? [0] : [],
            Overflow = random.Pick([ContextOverflow.Slide, ContextOverflow.CutPrompt]),
        };
        if (random.Next(3) == 0) options = options with { Temperature = 0, BeamWidth = random.Next(2, 4), LengthPenalty = random.Pick([0.0, 0.6, 1.0]) };
        return new GenerationRequest(TinyModel.Ids(random, config, random.Next(1, config.ContextLength + 5)), options);
    }
}
