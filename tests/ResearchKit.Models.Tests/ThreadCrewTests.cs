using System.Collections.Concurrent;

namespace ResearchKit.Models.Tests;

public sealed class ThreadCrewTests
{
    [Theory]
    [InlineData(1, 1, 2)]
    [InlineData(1000, 7, 1)]
    [InlineData(1000, 7, 2)]
    [InlineData(1000, 7, 5)]
    [InlineData(10, 100, 3)]
    public void EveryElementIsDoneOnceWhateverTheNumberOfThreads(int count, int chunkLength, int threads)
    {
        for (var repetition = 0; repetition < 200; repetition++)
        {
            var done = new int[count];
            var chunks = new ConcurrentBag<(int, int)>();
            ThreadCrew.For(count, chunkLength, threads, (from, to) =>
            {
                for (var i = from; i < to; i++) Interlocked.Increment(ref done[i]);
                chunks.Add((from, to));
            });
            Assert.All(done, times => Assert.Equal(1, times));
            Assert.Equal(Enumerable.Range(0, (count + chunkLength - 1) / chunkLength).Select(i => (i * chunkLength, Math.Min(count, (i + 1) * chunkLength))), chunks.Order());
        }
    }

    [Fact]
    public void SleepersWakeAndCallersAtTheSameTimeDoNotMixTheirWork()
    {
        for (var repetition = 0; repetition < 5; repetition++)
        {
            Thread.Sleep(10);                                            // longer than the crew's patience
            Parallel.For(0, 8, caller =>
            {
                var sum = 0L;
                ThreadCrew.For(10_000, 13, 3, (from, to) => Interlocked.Add(ref sum, Enumerable.Range(from, to - from).Sum(i => (long)i * (caller + 1))));
                Assert.Equal(49_995_000L * (caller + 1), sum);
            });
        }
    }
}
