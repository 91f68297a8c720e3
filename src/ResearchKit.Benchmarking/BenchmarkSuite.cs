using ResearchKit.Benchmarking.Cases;
using ResearchKit.Core;
using ResearchKit.Experiments;

namespace ResearchKit.Benchmarking;

/// <summary>The speed and memory of the kit on this machine, against measured limits and against peers. Read <see cref="Run"/> first.</summary>
/// <remarks>
/// Every comparison is made within one run: the things compared take turns, and ratios are medians over the turns, so that a busy machine hurts both sides alike.
/// Nothing here is a test: it measures, states goals, and says which were met.
/// </remarks>
public static class BenchmarkSuite
{
    private static readonly BenchmarkCase[] Cases =
    [
        new TrainingMemory(), new TrainingStep(), new AttentionSpeed(), new ScoringSpeed(), new DecodingSpeed(), new TokenizingSpeed(), new StartUp(), new ReportSpeed(),
    ];

    /// <summary>Names and descriptions of the cases, in the order in which they run.</summary>
    public static IReadOnlyList<(string Name, string Description)> List => [.. Cases.Select(one => (one.Name, one.Description))];

    /// <summary>Measures the machine's limits, then every chosen case.</summary>
    /// <param name="options">What to run.</param>
    /// <param name="progress">Told what is being measured; null for nobody.</param>
    /// <param name="cancellation">Stops between measurements; what was measured until then is in the report, which says that it was cut short.</param>
    /// <exception cref="ConfigException">A case or a text file that does not exist.</exception>
    public static BenchmarkReport Run(BenchmarkOptions options, IProgress<string>? progress = null, CancellationToken cancellation = default)
    {
        var chosen = options.Only.Count == 0 ? Cases : [.. options.Only.Select(Find)];
        if (options.TextFile is { } text && !File.Exists(text)) throw new ConfigException($"There is no text file {text} to tokenize.");
        var environment = BenchmarkEnvironment.Read(RunEnvironment.Start("cpu", options.Threads).Threads);
        var rows = new List<BenchmarkRow>();
        var interrupted = false;
        var context = new BenchmarkContext(options, environment.Threads, progress, rows.Add, cancellation);
        progress?.Report("machine limits: sgemm and memory bandwidth");
        var roofline = Roofline.Measure(options.Quick ? 5 : 15);
        foreach (var one in chosen)
        {
            progress?.Report(one.Name);
            try
            {
                one.Run(context with { Case = one.Name });
            }
            catch (OperationCanceledException)
            {
                interrupted = true;
                break;
            }
            catch (Exception error)
            {
                // What the other cases measured is worth having, whatever happened here.
                rows.Add(new BenchmarkRow { Case = one.Name, What = one.Description, NotMeasured = $"{error.GetType().Name}: {error.Message}" });
            }
        }

        return new BenchmarkReport
        {
            Environment = environment with { LoadAverageAfter = MachineState.LoadAverage() },
            Roofline = roofline,
            Quick = options.Quick,
            Interrupted = interrupted,
            Rows = rows,
        };
    }

    private static BenchmarkCase Find(string name) => Cases.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ConfigException($"There is no benchmark \"{name}\". Benchmarks: {string.Join(", ", Cases.Select(one => one.Name))}.");
}

/// <summary>What to run.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>Names of cases; empty (default) runs all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Fewer repetitions and smaller shapes: minutes instead of an hour. Default false.</summary>
    public bool Quick { get; init; }

    /// <summary>CPU threads; 0 (default) takes all cores.</summary>
    public int Threads { get; init; }

    /// <summary>Text for the tokenizer; null (default) takes text that the kit generates.</summary>
    public string? TextFile { get; init; }

    /// <summary>Program and arguments that start <c>rk</c>; empty (default) leaves the start-up case out.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Other programs that do the same work. Default none.</summary>
    public IReadOnlyList<BenchmarkPeer> Peers { get; init; } = [];
}

/// <summary>Another program or library that does a case's work.</summary>
/// <param name="Work">Which work, such as <c>train 12.7M</c>, <c>decode 124M</c> or <c>tokenize</c>.</param>
/// <param name="Name">Name for tables.</param>
/// <param name="Start">Prepares it for an input (the text for <c>tokenize</c>, empty otherwise); what it returns does the work once and says how long it took. Disposed with the case where it can be.</param>
public sealed record BenchmarkPeer(string Work, string Name, Func<string, IPeerWork> Start);

/// <summary>A peer that is ready to work.</summary>
public interface IPeerWork : IDisposable
{
    /// <summary>Does the work once.</summary>
    /// <returns>How long it took by its own clock.</returns>
    Timing Run();
}

/// <summary>Duration of a piece of work.</summary>
/// <param name="Seconds">By the clock.</param>
/// <param name="CpuSeconds">Of processor time on all threads, which a busy machine changes less; NaN where unknown.</param>
public readonly record struct Timing(double Seconds, double CpuSeconds);
