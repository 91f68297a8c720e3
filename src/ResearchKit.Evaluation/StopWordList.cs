using ResearchKit.Core;

namespace ResearchKit.Evaluation;

/// <summary>Lists of English stop words by name. Which one GPT-2's LAMBADA filter took is not published (Radford et al. 2019 §3.3).</summary>
public static class StopWordList
{
    private static readonly Dictionary<string, IReadOnlyList<string>> Lists = new()
    {
        ["nltk"] =
        [
            .. """
            i me my myself we our ours ourselves you you're you've you'll you'd your yours yourself yourselves he him his himself she she's her hers herself
            it it's its itself they them their theirs themselves what which who whom this that that'll these those am is are was were be been being
            have has had having do does did doing a an the and but if or because as until while of at by for with about against between into through
            during before after above below to from up down in out on off over under again further then once here there when where why how all any both
            each few more most other some such no nor not only own same so than too very s t can will just don don't should should've now d ll m o re ve y
            ain aren aren't couldn couldn't didn didn't doesn doesn't hadn hadn't hasn hasn't haven haven't isn isn't ma mightn mightn't mustn mustn't
            needn needn't shan shan't shouldn shouldn't wasn wasn't weren weren't won won't wouldn wouldn't
            """.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries),
        ],
    };

    /// <summary>Names of the lists.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Lists.Keys];

    /// <summary>The words of a list, lower case.</summary>
    /// <param name="name"><c>nltk</c>: the 179 English words of NLTK's stop-word corpus.</param>
    /// <exception cref="ConfigException">No such list.</exception>
    public static IReadOnlyList<string> Get(string name) => Lists.GetValueOrDefault(name)
        ?? throw new ConfigException($"There is no stop-word list \"{name}\"; known are {string.Join(", ", Names)}.");
}
