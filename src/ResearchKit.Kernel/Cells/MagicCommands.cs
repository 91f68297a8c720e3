using System.Globalization;
using ResearchKit.Core;
using ResearchKit.Notebooks;
using ResearchKit.Notebooks.Engines;

namespace ResearchKit.Kernel.Cells;

/// <summary>What lines that begin with <c>#!</c> do, those of languages apart: variables go from one language to the other, and are listed.</summary>
/// <param name="languages">Languages of the session.</param>
/// <param name="variablesOf">Variables of a language.</param>
/// <param name="set">Gives a language a variable of a name, a value and a type.</param>
internal sealed class MagicCommands(IReadOnlyCollection<string> languages, Func<string, IReadOnlyList<EngineVariable>> variablesOf, Action<string, string, object?, Type> set)
{
    /// <summary>Names with a line of help each.</summary>
    public static readonly IReadOnlyDictionary<string, string> Forms = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["share"] = "#!share NAME --from csharp [--as OTHER]: a variable of the other language, the same object",
        ["set"] = "#!set --name NAME --value @csharp:OTHER (or a number, true, false, \"text\")",
        ["time"] = "#!time: prints how long the cell took",
        ["who"] = "#!who: names of the variables",
        ["whos"] = "#!whos: variables with types and values",
        ["lsmagic"] = "#!lsmagic: this list",
    };

    /// <summary>Runs a magic.</summary>
    /// <param name="magic">The magic.</param>
    /// <param name="language">Language of the code behind it, or else the one it stands in.</param>
    public void Run(MagicPart magic, string language)
    {
        switch (magic.Name)
        {
            case "share": Share(magic, language); break;
            case "set": Set(magic, language); break;
            case "lsmagic": Console.Out.WriteLine("#!fsharp, #!csharp: the language of what follows\n#!markdown, #!html: what follows is shown\n#r \"nuget: NAME, VERSION\", #r \"FILE.dll\": references\n" + string.Join('\n', Forms.Values)); break;
            case "who" or "whos":
                var variables = languages.SelectMany(owner => variablesOf(owner).Select(variable => (Language: owner, Variable: variable))).OrderBy(entry => entry.Variable.Name, StringComparer.Ordinal).ToList();
                if (variables.Count == 0) Console.Out.WriteLine("No variables yet.");
                else if (magic.Name == "who") Console.Out.WriteLine(string.Join('\n', variables.GroupBy(entry => entry.Language).Select(group => $"{group.Key}: {string.Join(", ", group.Select(entry => entry.Variable.Name))}")));
                else Notebook.Display(variables.ConvertAll(entry => new { entry.Variable.Name, Language = entry.Language, Type = PlainText.Of(entry.Variable.Type), Value = Short(entry.Variable.Value) }));
                break;
        }
    }

    private static string Short(object? value)
    {
        var text = Notebook.Displays.Format(value).PlainText.ReplaceLineEndings(" ");
        return text.Length <= 80 ? text : text[..80] + "…";
    }

    private void Share(MagicPart magic, string language)
    {
        var (positional, options) = Options(magic, "from", "as");
        if (positional.Count != 1) throw Mistake(magic, "needs one name");
        var from = options.TryGetValue("from", out var given) ? Language(magic, given) : language == "csharp" ? "fsharp" : "csharp";
        // Under another language's magic in the same cell the receiver is clear; a share to itself is a copy under another name.
        var to = from == language && !options.ContainsKey("as") ? throw Mistake(magic, $"would share {positional[0]} from {from} with itself; name the other language with --from, or begin the cell with the receiving one (#!{(from == "csharp" ? "fsharp" : "csharp")})") : language;
        Give(magic, from, positional[0], to, options.GetValueOrDefault("as", positional[0]));
    }

    private void Set(MagicPart magic, string language)
    {
        var (_, options) = Options(magic, "name", "value");
        if (!options.TryGetValue("name", out var name) || !options.TryGetValue("value", out var value)) throw Mistake(magic, "needs --name and --value");
        if (value.StartsWith('@'))
        {
            var source = value[1..].Split(':', 2);
            if (source.Length == 2) Give(magic, Language(magic, source[0]), source[1], language, name);
            else Give(magic, language == "csharp" ? "fsharp" : "csharp", source[0], language, name);
            return;
        }

        object literal = bool.TryParse(value, out var flag) ? flag
            : int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole
            : double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : value;
        set(language, name, literal, literal.GetType());
    }

    private void Give(MagicPart magic, string from, string name, string to, string receiverName)
    {
        var variables = variablesOf(from);
        var variable = variables.FirstOrDefault(candidate => candidate.Name == name)
            ?? throw Mistake(magic, $"finds no {name} in {from}. {(variables.Count == 0 ? "It has no variables yet" : $"There are {string.Join(", ", variables.Select(candidate => candidate.Name).Order(StringComparer.Ordinal))}")}"
                + (from == "fsharp" ? "; functions are shared as Func<…> or Action<…> values" : ""));
        set(to, receiverName, variable.Value, variable.Type);
    }

    private static string Language(MagicPart magic, string name) =>
        CellText.Languages.TryGetValue(name, out var language) ? language : throw Mistake(magic, $"does not know the language {name}; there are fsharp and csharp");

    private static (List<string> Positional, Dictionary<string, string> Options) Options(MagicPart magic, params string[] known)
    {
        var positional = new List<string>();
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < magic.Arguments.Count; i++)
        {
            var word = magic.Arguments[i];
            if (!word.StartsWith("--", StringComparison.Ordinal)) positional.Add(word);
            else if (!known.Contains(word[2..])) throw Mistake(magic, $"has no {word}");
            else if (i + 1 == magic.Arguments.Count) throw Mistake(magic, $"has nothing behind {word}");
            else options[word[2..]] = magic.Arguments[++i];
        }

        return (positional, options);
    }

    private static ConfigException Mistake(MagicPart magic, string what) => new($"Line {magic.Line}: #!{magic.Name} {what}. Form: {Forms[magic.Name]}.");
}
