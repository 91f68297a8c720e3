using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;

namespace ResearchKit.Benchmarking;

/// <summary>One question about speed or memory.</summary>
internal abstract class BenchmarkCase
{
    /// <summary>Name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>What it measures, one line.</summary>
    public abstract string Description { get; }

    /// <summary>Measures and reports rows as they come.</summary>
    public abstract void Run(BenchmarkContext context);

    /// <summary>GPT-2's smallest model, 124M parameters.</summary>
    protected static ModelConfig Gpt2Small => Presets.Get("gpt2-small").Config;

    /// <summary>6 layers of 384 with a vocabulary of 5,000: 12.7M parameters at n_ctx 256.</summary>
    protected static ModelConfig Small(int contextLength) => new() { LayerCount = 6, HeadCount = 6, EmbeddingSize = 384, ContextLength = contextLength, VocabularySize = 5000 };

    /// <summary>Token ids drawn by lot.</summary>
    protected static int[] Ids(int count, int vocabulary, params ReadOnlySpan<long> path)
    {
        var random = new CounterRandom(0, "benchmark", path);
        var ids = new int[count];
        for (var i = 0; i < count; i++) ids[i] = random.Next(vocabulary);
        return ids;
    }
}

/// <summary>What a case needs to know, and where its rows go.</summary>
/// <param name="Options">What to run.</param>
/// <param name="Threads">Threads of tensor operations.</param>
/// <param name="Progress">Told what is being measured.</param>
/// <param name="Add">Takes a row.</param>
/// <param name="Cancellation">Stops between measurements.</param>
internal sealed record BenchmarkContext(BenchmarkOptions Options, int Threads, IProgress<string>? Progress, Action<BenchmarkRow> Add, CancellationToken Cancellation)
{
    /// <summary>The case that runs.</summary>
    public string Case { get; init; } = "";

    /// <summary>Whether to be quick.</summary>
    public bool Quick => Options.Quick;

    /// <summary>Processor time compares better on one thread; on several it counts threads that wait for work by spinning.</summary>
    public bool ComparesCpuTime => Threads == 1;

    /// <summary>Tells the progress.</summary>
    public void Say(string text) => Progress?.Report($"{Case}: {text}");

    /// <summary>Starts the peers that can do some work.</summary>
    public List<(string Name, IPeerWork Work)> Peers(string work, string input = "") =>
        [.. Options.Peers.Where(peer => peer.Work == work).Select(peer => (peer.Name, peer.Start(input)))];
}
