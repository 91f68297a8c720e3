namespace ResearchKit.Training.FineTuning;

/// <summary>The distribution over classes that stands for a score between them: GPT-1's released helper for STS-B, after Tai et al. 2015 §5.2.</summary>
internal static class ScoreTarget
{
    /// <summary>Mass ⌊y⌋ + 1 - y on class ⌊y⌋ and y - ⌊y⌋ on the next, so that the expected class is the score y; all mass on the label where there is no score.</summary>
    /// <param name="example">With a score in [0, classes - 1], or none.</param>
    /// <param name="classCount">Number of classes.</param>
    /// <returns>[classes], sum 1.</returns>
    public static double[] Of(EncodedExample example, int classCount)
    {
        var target = new double[classCount];
        var score = example.Score ?? example.Label;
        var below = (int)Math.Floor(score);
        target[below] = below + 1 - score;
        if (score > below) target[below + 1] = score - below;
        return target;
    }
}
