using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Models;

namespace ResearchKit.Benchmarking.Cases;

/// <summary>Generation with GPT-2 124M: tokens of one text, the prompt, and the cache.</summary>
internal sealed class DecodingSpeed : BenchmarkCase
{
    private const int PromptLength = 8;

    public override string Name => "decode";

    public override string Description => "Generation with GPT-2 124M: one text against the bandwidth bound (weights read once a token), in float32 and in int8, prefill against sgemm, memory of the cache.";

    public override void Run(BenchmarkContext context)
    {
        using var model = new GptLanguageModel(new Gpt(Gpt2Small), "benchmark", "benchmark");
        Decode(context, model, "one text, 124M", ModelSize.Of(Gpt2Small).WeightBytes(), "decode 124M", "ggml gpt-2", boundGoal: 0.9);
        Prefill(context, model);
        DecodeInt8(context, model);
        Cache(context);
    }

    private static void DecodeInt8(BenchmarkContext context, GptLanguageModel model)
    {
        using var network = new Gpt(Gpt2Small);
        using var rounded = new GptLanguageModel(network, "benchmark int8", "benchmark int8");
        network.RoundToInt8();
        Decode(context, rounded, "one text, 124M, int8", network.Int8Bytes, "decode 124M int8", "ggml gpt-2 q8_0");
    }

    private static void Decode(BenchmarkContext context, GptLanguageModel model, string what, long bytes, string peerWork, string peerName, double? boundGoal = null)
    {
        var count = context.Quick ? 16 : 64;
        using var memory = new Roofline.MemoryRead(bytes);
        var prompt = Ids(PromptLength, Gpt2Small.VocabularySize, 1);
        void Generate(int tokens) => model.Generate([new GenerationRequest(prompt, new GenerationOptions { MaxNewTokenCount = tokens })], context.Cancellation);
        var peers = context.Peers(peerWork);
        var turns = new Turns()
            .Add("decode", () =>
            {
                // The difference of two lengths leaves the prompt out.
                var shorter = Turns.Time(() => Generate(count / 4));
                var longer = Turns.Time(() => Generate(count + count / 4));
                return new Timing((longer.Seconds - shorter.Seconds) / count, (longer.CpuSeconds - shorter.CpuSeconds) / count);
            })
            .Add("memory read", memory.Run);
        foreach (var (name, work) in peers) turns.Add(name, work.Run);
        try
        {
            turns.Run(context.Quick ? 5 : 11, context);
        }
        finally
        {
            foreach (var (_, work) in peers) work.Dispose();
        }

        var (ratio, range) = turns.Ratio("decode", "memory read", context.ComparesCpuTime);
        var row = new BenchmarkRow { Case = context.Case, What = what, Value = turns.Seconds("decode") * 1e3, Unit = "ms/token", Repetitions = turns.Count, RatioOfCpuTime = context.ComparesCpuTime };
        context.Add(row with { Against = FormattableString.Invariant($"reading the weights, {turns.Seconds("memory read") * 1e3:0.0} ms"), Ratio = ratio, RatioRange = range, Goal = boundGoal });
        if (peers.Count == 0) context.Add(row with { Value = double.NaN, Against = peerName, Goal = 1, NotMeasured = "no peer was given" });
        foreach (var (name, _) in peers)
        {
            var (faster, spread) = turns.Ratio("decode", name);
            context.Add(row with { Against = FormattableString.Invariant($"{name}, {turns.Seconds(name) * 1e3:0.0} ms"), Ratio = faster, RatioRange = spread, RatioOfCpuTime = false, Goal = 1 });
        }
    }

    private static void Prefill(BenchmarkContext context, GptLanguageModel model)
    {
        var T = context.Quick ? 256 : 512;
        using var product = new Roofline.Product();
        var prompt = Ids(T, Gpt2Small.VocabularySize, 2);
        var turns = new Turns()
            .Add("prefill", () => model.Generate([new GenerationRequest(prompt, new GenerationOptions { MaxNewTokenCount = 1 })], context.Cancellation))
            .Add("sgemm", product.Run)
            .Run(context.Quick ? 3 : 9, context);
        // One position's logits are computed, not T.
        var flops = T * ModelSize.Of(Gpt2Small).ForwardFlopsPerToken(T) - (T - 1) * 2.0 * Gpt2Small.VocabularySize * Gpt2Small.EmbeddingSize;
        var (ratio, range) = turns.Ratio("prefill", "sgemm", context.ComparesCpuTime, flops / Roofline.ProductFlops);
        context.Add(new BenchmarkRow
        {
            Case = context.Case, What = $"prefill of {T} tokens, 124M", Value = T / turns.Seconds("prefill"), Unit = "tokens/s", Repetitions = turns.Count,
            Against = "sgemm", Ratio = ratio, RatioRange = range, RatioOfCpuTime = context.ComparesCpuTime, Goal = 0.8,
        });
    }

    private static void Cache(BenchmarkContext context)
    {
        var config = Small(2048);
        using var dense = new Gpt(config);
        using var alternating = new Gpt(config with { Attention = [new DenseAttention(), new LocalAttention(256)] });
        using var whole = new KeyValueCache(dense, 1);
        using var rings = new KeyValueCache(alternating, 1);
        context.Add(new BenchmarkRow
        {
            Case = context.Case, What = "cache of 2,048 positions, dense and band of 256 alternating", Value = rings.Bytes / 1e6, Unit = "MB", Repetitions = 1,
            Against = FormattableString.Invariant($"all dense, {whole.Bytes / 1e6:0.0} MB"), Ratio = (double)rings.Bytes / whole.Bytes, Goal = 0.6, LessIsBetter = true,
        });
    }
}
