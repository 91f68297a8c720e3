using System.Diagnostics;

namespace ResearchKit.Benchmarking;

/// <summary>Things that are compared, measured in turns: A B C, B C A, … so that what else happens on the machine meets all of them.</summary>
internal sealed class Turns
{
    private readonly List<(string Name, Func<Timing> Run)> _contenders = [];
    private readonly Dictionary<string, List<Timing>> _timings = new(StringComparer.Ordinal);

    /// <summary>Adds a contender that is timed here.</summary>
    public Turns Add(string name, Action action) => Add(name, () => Time(action));

    /// <summary>Adds a contender that times itself.</summary>
    public Turns Add(string name, Func<Timing> run)
    {
        _contenders.Add((name, run));
        _timings[name] = [];
        return this;
    }

    /// <summary>Number of turns taken.</summary>
    public int Count => _timings.Values.First().Count;

    /// <summary>Runs everybody once without counting, then in turns.</summary>
    public Turns Run(int repetitions, BenchmarkContext context, bool warmUp = true)
    {
        for (var turn = warmUp ? -1 : 0; turn < repetitions; turn++)
        {
            for (var i = 0; i < _contenders.Count; i++)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                var (name, run) = _contenders[(i + Math.Max(turn, 0)) % _contenders.Count];
                context.Say($"{name}, {(turn < 0 ? "warming up" : $"turn {turn + 1} of {repetitions}")}");
                var timing = run();
                if (turn >= 0) _timings[name].Add(timing);
            }
        }

        return this;
    }

    /// <summary>Median seconds by the clock.</summary>
    public double Seconds(string name) => Median(_timings[name].Select(timing => timing.Seconds));

    /// <summary>Median seconds of processor time.</summary>
    public double CpuSeconds(string name) => Median(_timings[name].Select(timing => timing.CpuSeconds));

    /// <summary>How many times faster one is than another: the median over turns, and the extremes.</summary>
    /// <param name="fast">Whose time stands below.</param>
    /// <param name="slow">Whose time stands above.</param>
    /// <param name="cpu">Compare processor time.</param>
    /// <param name="factor">Multiplies every ratio, such as the ratio of work done.</param>
    public (double Median, double[] Range) Ratio(string fast, string slow, bool cpu = false, double factor = 1)
    {
        var ratios = _timings[slow].Zip(_timings[fast], (above, below) => factor * (cpu ? above.CpuSeconds / below.CpuSeconds : above.Seconds / below.Seconds)).ToArray();
        return (Median(ratios), [ratios.Min(), ratios.Max()]);
    }

    /// <summary>Time and processor time of an action.</summary>
    public static Timing Time(Action action)
    {
        var cpu = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        action();
        return new Timing(watch.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
    }

    /// <summary>Middle value; the mean of the two middle ones of an even number.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
