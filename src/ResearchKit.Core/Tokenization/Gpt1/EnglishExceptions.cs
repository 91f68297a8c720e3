using ResearchKit.Core.Tokenization.Unicode;

namespace ResearchKit.Core.Tokenization.Gpt1;

/// <summary>Words that spaCy 2.0.11 cuts, or leaves whole, by a list: contractions, abbreviations, times, emoticons.</summary>
/// <remarks>Those with a sign that <c>text_standardize</c> puts spaces around, such as <c>and/or</c>, never reach the list and are left out.</remarks>
internal static class EnglishExceptions
{
    private const int LongestException = 16;

    private static readonly Dictionary<string, int[]> Lengths = Make();

    /// <summary>Lengths in characters of the words that a span is cut into; null where no exception is on the list.</summary>
    public static int[]? Find(List<SourceChar> span) =>
        span.Count is > 0 and <= LongestException && Lengths.TryGetValue(SourceChar.Text(span), out var lengths) ? lengths : null;

    private static Dictionary<string, int[]> Make()
    {
        var exceptions = new Dictionary<string, int[]>(StringComparer.Ordinal);
        void Add(params string[] parts) => exceptions[string.Concat(parts)] = parts.Select(part => part.Length).ToArray();
        // With the apostrophes and without: "he'll" and "hell".
        void AddContraction(string word, params string[] endings)
        {
            foreach (var start in (string[])[word, char.ToUpperInvariant(word[0]) + word[1..]])
            {
                Add([start, .. endings]);
                Add([start, .. endings.Select(ending => ending.Replace("'", "", StringComparison.Ordinal))]);
            }
        }

        AddContraction("i", "'m");
        AddContraction("i", "'m", "a");
        foreach (var pronoun in Words("i you he she it we they"))
        {
            AddContraction(pronoun, "'ll");
            AddContraction(pronoun, "'ll", "'ve");
            AddContraction(pronoun, "'d");
            AddContraction(pronoun, "'d", "'ve");
        }

        foreach (var pronoun in Words("i you we they")) AddContraction(pronoun, "'ve");
        foreach (var pronoun in Words("you we they")) AddContraction(pronoun, "'re");
        foreach (var pronoun in Words("he she it")) AddContraction(pronoun, "'s");
        foreach (var word in Words("who what when where why how there that"))
        {
            foreach (var ending in Words("'s 'll 're 've 'd")) AddContraction(word, ending);
            AddContraction(word, "'ll", "'ve");
            AddContraction(word, "'d", "'ve");
        }

        foreach (var verb in Words("ca could do does did had may might must need ought sha should wo would"))
        {
            AddContraction(verb, "n't");
            AddContraction(verb, "n't", "'ve");
        }

        foreach (var verb in Words("could might must should would")) AddContraction(verb, "'ve");
        foreach (var verb in Words("ai are is was were have has dare")) AddContraction(verb, "n't");
        AddContraction("not", "'ve");
        foreach (var (first, second) in (ReadOnlySpan<(string, string)>)[("can", "not"), ("gon", "na"), ("got", "ta"), ("let", "'s")])
        {
            Add(first, second);
            Add(char.ToUpperInvariant(first[0]) + first[1..], second);
        }

        Add("y'", "all");
        Add("y", "all");
        Add("how", "'d", "'y");
        Add("How", "'d", "'y");
        for (var hour = 1; hour <= 12; hour++)
        {
            foreach (var half in Words("a.m. am p.m. pm")) Add(hour.ToString(System.Globalization.CultureInfo.InvariantCulture), half);
        }

        foreach (var whole in Words(Whole)) Add(whole);
        // Words in their own right, which the rules above would cut.
        foreach (var word in Words("Ill ill Its its Hell hell Shell shell Shed shed were Were Well well Whore whore")) exceptions.Remove(word);
        foreach (var whole in Words(Emoticons)) exceptions.TryAdd(whole, [whole.Length]);
        foreach (var (text, lengths) in exceptions.Where(e => e.Key.Contains('\'', StringComparison.Ordinal)).ToList())
            exceptions[text.Replace('\'', '’')] = lengths;
        return exceptions;
    }

    private static string[] Words(string list) => list.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private const string Whole = """
        doin doin' Doin Doin' goin goin' Goin Goin' nothin nothin' Nothin Nothin' nuthin nuthin' Nuthin Nuthin' ol ol' Ol Ol'
        somethin somethin' Somethin Somethin' lovin lovin' Lovin Lovin' havin havin' Havin Havin'
        cause 'cause 'Cause em 'em ll 'll nuff 'nuff 'cos 'Cos 'coz 'Coz 'cuz 'Cuz 'bout 'S 's ‘S ‘s 're 'd
        ma'am Ma'am o'clock O'clock a.m. p.m. e.g. E.g. E.G. i.e. I.e. I.E. vs. co. Co.
        Mt. Ak. Ala. Apr. Ariz. Ark. Aug. Calif. Colo. Conn. Dec. Del. Feb. Fla. Ga. Ia. Id. Ill. Ind. Jan. Jul. Jun. Kan. Kans. Ky. La. Mar. Mass. May.
        Mich. Minn. Miss. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. Oct. Okla. Ore. Pa. S.C. Sep. Sept. Tenn. Va. Wash. Wis.
        Adm. Bros. Corp. D.C. Dr. Gen. Gov. Inc. Jr. Ltd. Md. Messrs. Mo. Mont. Mr. Mrs. Ms. Ph.D. Rep. Rev. Sen. St.
        """;

    private const string Emoticons = """
        \t \n ' <space> '' a. b. c. d. e. f. g. h. i. j. k. l. m. n. o. p. q. r. s. t. u. v. w. x. y. z. ä. ö. ü.
        :1 :P :p :O :o :0 >:o :3 =3 :> :X :x :D =D
        xD XD xDD XDD 8D >.< >.> <.< v.v V.V o.O O.o O.O o.o 0.0 o.0 0.o
        <3 <33 <333 ಠ︵ಠ
        """;
}
