using ResearchKit.Core.Random;

namespace ResearchKit.Evaluation.Suite;

/// <summary>What an input of the suite may be used for.</summary>
public enum SuiteRole
{
    /// <summary>Pre-training documents, demonstrations and fine-tuning.</summary>
    Train,

    /// <summary>Choosing among runs.</summary>
    Validation,

    /// <summary>Scoring only.</summary>
    Test,
}

/// <summary>Assigns every possible input to one role, as a pure function of its text: that is why no test input can reach a generated document or a training split.</summary>
public static class SuiteSplit
{
    /// <summary>Seed of the roles. Part of the suite's definition: changing it would let old checkpoints see test inputs.</summary>
    internal const long Seed = 2020;

    /// <summary>Role of an input: Test with probability 1/4, Validation 1/8, Train otherwise.</summary>
    /// <param name="kind">Kind of input, such as <c>letters</c>; tasks that share inputs share a kind.</param>
    /// <param name="key">Canonical text of the input.</param>
    public static SuiteRole RoleOf(string kind, string key) => new CounterRandom(Seed, $"suite/role/{kind}/{key}").Next(8) switch
    {
        0 or 1 => SuiteRole.Test,
        2 => SuiteRole.Validation,
        _ => SuiteRole.Train,
    };
}
