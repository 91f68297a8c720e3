using ResearchKit.Core;
using ResearchKit.Core.Random;

namespace ResearchKit.Models;

/// <summary>Chooses one token from logits: greedy, or temperature, top-k and top-p in that order, then a draw.</summary>
/// <remarks>Plain managed code on one row of V logits, so that a draw is the same bits on every device.</remarks>
internal static class TokenSampler
{
    /// <summary>Probabilities after temperature, top-k and top-p; dropped tokens have 0.</summary>
    /// <param name="logits">V logits of one position.</param>
    /// <param name="options">Filters; <see cref="GenerationOptions.Temperature"/> 0 is read as 1 here.</param>
    /// <returns>V probabilities that sum to 1.</returns>
    /// <remarks>Top-k keeps every token that ties with the k-th, as the released GPT-2 <c>sample.py</c> and Hugging Face do.</remarks>
    public static double[] Probabilities(ReadOnlySpan<float> logits, GenerationOptions options)
    {
        var temperature = options.Temperature > 0 ? options.Temperature : 1.0;
        var floor = options.TopK > 0 && options.TopK < logits.Length ? KthLargest(logits, options.TopK) : float.NegativeInfinity;
        var max = float.NegativeInfinity;
        foreach (var logit in logits) max = Math.Max(max, logit);
        var probabilities = new double[logits.Length];
        var total = 0.0;
        for (var i = 0; i < logits.Length; i++)
        {
            if (logits[i] < floor) continue;
            probabilities[i] = Math.Exp((logits[i] - (double)max) / temperature);
            total += probabilities[i];
        }

        for (var i = 0; i < probabilities.Length; i++) probabilities[i] /= total;
        if (options.TopP < 1) KeepNucleus(probabilities, options.TopP, options.TopPVariant);
        return probabilities;
    }

    /// <summary>The most likely token, the lowest id among equals.</summary>
    public static int ArgMax(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best]) best = i;
        }

        return best;
    }

    /// <summary>Draws a token: a pure function of the logits, the options' seed and the step.</summary>
    /// <param name="logits">V logits of one position.</param>
    /// <param name="options">Filters and seed; temperature 0 is greedy.</param>
    /// <param name="step">Number of tokens generated before this one.</param>
    public static int Choose(ReadOnlySpan<float> logits, GenerationOptions options, int step)
    {
        if (options.Temperature <= 0) return ArgMax(logits);
        var probabilities = Probabilities(logits, options);
        var remaining = new CounterRandom(options.Seed, "sampling", step).NextDouble();
        var last = 0;
        for (var i = 0; i < probabilities.Length; i++)
        {
            if (probabilities[i] <= 0) continue;
            last = i;
            remaining -= probabilities[i];
            if (remaining < 0) return i;
        }

        return last;                                                     // rounding left a crumb of mass
    }

    /// <summary>Smallest of the k largest values.</summary>
    private static float KthLargest(ReadOnlySpan<float> values, int k)
    {
        var heap = new PriorityQueue<float, float>(k + 1);
        foreach (var value in values)
        {
            if (heap.Count < k) heap.Enqueue(value, value);
            else if (value > heap.Peek()) heap.EnqueueDequeue(value, value);
        }

        return heap.Peek();
    }

    /// <summary>Drops what lies outside the nucleus and renormalizes.</summary>
    private static void KeepNucleus(double[] probabilities, double topP, TopPVariant variant)
    {
        var kept = new List<int>();
        // Tokens below (1 - p) / V hold less than 1 - p together, so they lie outside the nucleus and need no sorting.
        var negligible = (1 - topP) / probabilities.Length;
        var dropped = 0.0;
        for (var i = 0; i < probabilities.Length; i++)
        {
            if (probabilities[i] > negligible) kept.Add(i);
            else dropped += probabilities[i];
        }

        var order = kept.ToArray();
        Array.Sort(order.Select(i => probabilities[i]).ToArray(), order);     // ascending
        double floor;
        if (variant == TopPVariant.HuggingFace)
        {
            // Lowest first, tokens go while their cumulative probability is at most 1 - p: the token that crosses p stays.
            var first = 0;
            var cumulative = dropped;
            while (first < order.Length - 1 && (cumulative += probabilities[order[first]]) <= 1 - topP) first++;
            order = order[first..];
            floor = 0;
        }
        else
        {
            // Highest first, tokens stay while their cumulative probability is at most p, at least one; ties with the last survive.
            var count = 0;
            var cumulative = 0.0;
            while (count < order.Length && (cumulative += probabilities[order[^(count + 1)]]) <= topP) count++;
            floor = probabilities[order[^Math.Max(count, 1)]];
        }

        var keep = new bool[probabilities.Length];
        foreach (var i in order) keep[i] = probabilities[i] >= floor;
        var total = 0.0;
        for (var i = 0; i < keep.Length; i++) total += keep[i] ? probabilities[i] : 0;
        for (var i = 0; i < keep.Length; i++) probabilities[i] = keep[i] ? probabilities[i] / total : 0;
    }
}
