namespace ResearchKit.Evaluation.Suite;

/// <summary>Plurals of the nouns in <see cref="WordList"/>; not a general inflector.</summary>
public static class EnglishNouns
{
    private static readonly Dictionary<string, string> Irregular = new(StringComparer.Ordinal)
    {
        ["mouse"] = "mice", ["goose"] = "geese", ["ox"] = "oxen", ["foot"] = "feet", ["tooth"] = "teeth", ["child"] = "children",
        ["wolf"] = "wolves", ["calf"] = "calves", ["knife"] = "knives", ["wife"] = "wives", ["shelf"] = "shelves", ["louse"] = "lice",
        ["policeman"] = "policemen", ["postman"] = "postmen", ["fisherman"] = "fishermen", ["coachman"] = "coachmen",
        ["potato"] = "potatoes", ["tomato"] = "tomatoes", ["mango"] = "mangoes", ["volcano"] = "volcanoes", ["mosquito"] = "mosquitoes", ["buffalo"] = "buffaloes",
        ["stomach"] = "stomachs", ["monarch"] = "monarchs",
    };

    private static readonly HashSet<string> WithoutPlural = new(StringComparer.Ordinal)
    {
        "sheep", "deer", "salmon", "trout", "cod", "herring", "mackerel", "pike", "perch", "carp", "squid", "shrimp", "haddock", "sturgeon", "flounder",
        "spinach", "celery", "garlic", "lettuce", "parsley", "cauliflower", "hair", "grass", "moss", "heather", "clover", "ivy", "skin", "crockery", "swine",
    };

    /// <summary>Whether the noun has one plural that differs from it.</summary>
    public static bool HasPlural(string noun) => !WithoutPlural.Contains(noun) && !noun.EndsWith('s');

    /// <summary>Plural of a noun, such as <c>lions</c>.</summary>
    public static string Plural(string noun)
    {
        if (Irregular.TryGetValue(noun, out var plural)) return plural;
        if (noun.EndsWith('y') && !"aeiou".Contains(noun[^2])) return noun[..^1] + "ies";
        return noun.EndsWith('x') || noun.EndsWith('s') || noun.EndsWith("ch", StringComparison.Ordinal) || noun.EndsWith("sh", StringComparison.Ordinal) ? noun + "es" : noun + "s";
    }
}
