using FsCheck.Xunit;
using ResearchKit.Core.Random;

namespace ResearchKit.Models.Tests;

public class BatchPlanTests
{
    [Property(MaxTest = 200)]
    public void BatchesCoverTheRowsInOrderWithinTheBudget(int seed)
    {
        var random = new CounterRandom(seed, "plan");
        int[] lengths = [.. Enumerable.Range(0, random.Next(0, 40)).Select(_ => random.Next(1, 100)).OrderDescending()];
        var budget = random.Next(1, 500);
        var next = 0;
        foreach (var (start, end) in BatchPlan.Of(lengths, budget))
        {
            Assert.Equal(next, start);
            Assert.True(end > start);
            Assert.True(end - start == 1 || (end - start) * lengths[start] <= budget);
            next = end;
        }

        Assert.Equal(lengths.Length, next);
    }

    [Fact]
    public void OneLongRowDoesNotPadManyShortOnes() =>
        Assert.Equal([(0, 1), (1, 61)], BatchPlan.Of([55, .. Enumerable.Repeat(28, 60)], 2048));

    [Fact]
    public void AFewShortRowsRideWithLongOnes() => Assert.Equal([(0, 3)], BatchPlan.Of([55, 50, 28], 2048));
}
