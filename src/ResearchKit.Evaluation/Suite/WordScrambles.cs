using System.Text;
using ResearchKit.Core.Random;

namespace ResearchKit.Evaluation.Suite;

/// <summary>The five manipulations of GPT-3's word tasks (Brown et al. 2020 §3.9.2), by the rules that the released data follows.</summary>
public static class WordScrambles
{
    private const string Insertions = " ./!";

    /// <summary>CL: the word rotated by one to length - 1 letters, uniformly.</summary>
    public static string CycleLetters(CounterRandom random, string word)
    {
        var by = random.Next(1, word.Length);
        return word[by..] + word[..by];
    }

    /// <summary>A1: all letters but the first and the last shuffled, so that the result differs.</summary>
    public static string Anagram1(CounterRandom random, string word) => ShuffleMiddle(random, word, 1);

    /// <summary>A2: all letters but the first two and the last two shuffled, so that the result differs wherever it can; the released data has 193 words with nothing to shuffle.</summary>
    public static string Anagram2(CounterRandom random, string word) => ShuffleMiddle(random, word, 2);

    /// <summary>RI: one of space, <c>.</c>, <c>/</c>, <c>!</c> between every two letters, uniformly.</summary>
    public static string RandomInsertion(CounterRandom random, string word)
    {
        var text = new StringBuilder();
        foreach (var letter in word)
        {
            if (text.Length > 0) text.Append(Insertions[random.Next(Insertions.Length)]);
            text.Append(letter);
        }

        return text.ToString();
    }

    /// <summary>RW: the letters backwards.</summary>
    public static string Reversed(string word) => string.Concat(word.Reverse());

    private static string ShuffleMiddle(CounterRandom random, string word, int kept)
    {
        var middle = word[kept..^kept].ToCharArray();
        if (middle.Distinct().Count() < 2) return word;
        string result;
        do
        {
            random.Shuffle(middle.AsSpan());
            result = word[..kept] + new string(middle) + word[^kept..];
        }
        while (result == word);
        return result;
    }
}
