using ResearchKit.Core.Random;

namespace ResearchKit.Evaluation.Tests.Statistics;

/// <summary>Repeats a procedure on made-up data whose truth is known, prints the share, and holds it to what the procedure promises.</summary>
public abstract class Simulation(ITestOutputHelper output)
{
    protected ITestOutputHelper Output { get; } = output;

    protected static double MonteCarloError(double share, int count) => Math.Sqrt(share * (1 - share) / count);

    /// <summary>A stream of its own for every simulation, so that a run repeats exactly.</summary>
    protected static CounterRandom Stream(string name, int simulation) => new(2024, "simulation/" + name, simulation);

    /// <summary>The share of simulations whose 95% interval holds the truth lies between 94% and 96%.</summary>
    protected void Covers(string name, int count, Func<int, bool> covers)
    {
        var coverage = Enumerable.Range(0, count).Count(covers) / (double)count;
        Output.WriteLine($"{name}: coverage {100 * coverage:0.0}% in {count} simulations (Monte Carlo standard error {100 * MonteCarloError(0.95, count):0.00}%)");
        Assert.InRange(coverage, 0.94, 0.96);
    }

    /// <summary>Where nothing differs, p-values of at most 5% occur in at most 5% of simulations plus two standard errors, and not so seldom that the test would be idle.</summary>
    protected void RejectsAtMostFivePercent(string name, int count, Func<int, double> pValue, double atLeast = 0.03)
    {
        var rate = Enumerable.Range(0, count).Count(i => pValue(i) <= 0.05) / (double)count;
        Output.WriteLine($"{name}: {100 * rate:0.0}% false positives in {count} simulations (Monte Carlo standard error {100 * MonteCarloError(0.05, count):0.00}%)");
        Assert.InRange(rate, atLeast, 0.05 + 2 * MonteCarloError(0.05, count));
    }

    protected static double Mean(IReadOnlyList<double> values)
    {
        var sum = 0.0;
        for (var i = 0; i < values.Count; i++) sum += values[i];
        return sum / values.Count;
    }
}
