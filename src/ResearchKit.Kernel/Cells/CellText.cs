// Magics: which lines they are and what is left of the cell. What they do is in CellSession.
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ResearchKit.Core;

namespace ResearchKit.Kernel.Cells;

/// <summary>A part of a cell, in the order of execution.</summary>
/// <param name="Line">Line within the cell, from 1.</param>
internal abstract record CellPart(int Line);

/// <summary>Code of one language; lines that belong to other parts are blank, so that line numbers stay those of the cell.</summary>
internal sealed record CodePart(int Line, string Language, string Text) : CellPart(Line);

/// <summary>A magic such as <c>#!share x --from csharp</c>.</summary>
/// <param name="Line">Line within the cell, from 1.</param>
/// <param name="Name">Name without <c>#!</c>.</param>
/// <param name="Arguments">The words behind it; quoted ones without their quotes.</param>
/// <param name="Language">Language in which it stands.</param>
internal sealed record MagicPart(int Line, string Name, IReadOnlyList<string> Arguments, string Language) : CellPart(Line);

/// <summary>A reference, <c>#r "…"</c> or a package source, <c>#i "…"</c>.</summary>
/// <param name="Line">Line within the cell, from 1.</param>
/// <param name="IsSource">Whether it is <c>#i</c>.</param>
/// <param name="Target">What stands between the quotes.</param>
internal sealed record ReferencePart(int Line, bool IsSource, string Target) : CellPart(Line);

/// <summary>Text that is shown, not run: a cell that begins with <c>#!markdown</c> or <c>#!html</c>.</summary>
internal sealed record ShownPart(int Line, string MimeType, string Text) : CellPart(Line);

/// <summary>Splits a cell into code and magics.</summary>
internal static partial class CellText
{
    /// <summary>Names of the languages as they may be written, to the canonical one.</summary>
    public static readonly IReadOnlyDictionary<string, string> Languages = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["fsharp"] = "fsharp", ["f#"] = "fsharp", ["fs"] = "fsharp", ["csharp"] = "csharp", ["c#"] = "csharp", ["cs"] = "csharp",
    };

    private static readonly Dictionary<string, string> Shown = new(StringComparer.OrdinalIgnoreCase) { ["markdown"] = "text/markdown", ["html"] = "text/html" };

    /// <summary>The language that a cell begins in: its first magic of a language, before any code; null where it names none.</summary>
    public static string? LanguageOf(string text)
    {
        foreach (var line in text.Split('\n'))
        {
            if (string.IsNullOrWhiteSpace(line) || Reference().IsMatch(line)) continue;
            var magic = Magic().Match(line);
            if (!magic.Success) return null;
            if (Languages.TryGetValue(magic.Groups["name"].Value, out var language)) return language;
        }

        return null;
    }

    /// <summary>The language that a cell's metadata names, as Polyglot notebooks, .NET Interactive and VS Code write it; null where they name none.</summary>
    /// <param name="metadata">Metadata of a cell, from a file or from an execute request.</param>
    public static string? LanguageOf(JsonNode? metadata)
    {
        string? Named(string editor, string key) => metadata is JsonObject fields && fields[editor] is JsonObject own && own[key] is JsonValue value && value.TryGetValue<string>(out var name) ? name : null;
        var found = Named("polyglot_notebook", "kernelName") ?? Named("dotnet_interactive", "language");
        // VS Code's identifier is often that of its notebook editor, such as polyglot-notebook, and then names no language.
        if (found is null) return Named("vscode", "languageId") is { } editor ? Languages.GetValueOrDefault(editor) : null;
        return Languages.GetValueOrDefault(found, found);
    }

    /// <summary>Splits a cell.</summary>
    /// <param name="text">The cell.</param>
    /// <param name="language">Language where no magic names one.</param>
    /// <exception cref="ConfigException">A magic, or a language, that nobody knows.</exception>
    public static IReadOnlyList<CellPart> Parse(string text, string language)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        var parts = new List<CellPart>();
        var code = new List<string>();
        var codeStart = 1;

        void EndCode(int nextLine)
        {
            var isBlank = code.TrueForAll(string.IsNullOrWhiteSpace);
            // A cell of PowerShell or SQL must not be read as F#.
            if (!isBlank && !Languages.ContainsKey(language)) throw new ConfigException($"The cell's metadata names the language {language}; this kernel runs fsharp and csharp. Begin the cell with #!fsharp or #!csharp, or with #!markdown or #!html where it is text.");
            if (!isBlank) parts.Add(new CodePart(codeStart, language, new string('\n', codeStart - 1) + string.Join('\n', code)));
            code.Clear();
            codeStart = nextLine;
        }

        // References come before the code around them, wherever they stand in it.
        var firstOfSegment = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            var number = i + 1;
            if (Reference().Match(lines[i]) is { Success: true } reference)
            {
                parts.Insert(firstOfSegment++, new ReferencePart(number, reference.Groups["kind"].Value == "i", reference.Groups["target"].Value));
                code.Add("");
                continue;
            }

            if (Magic().Match(lines[i]) is not { Success: true } magic)
            {
                if (Quit().IsMatch(lines[i])) throw new ConfigException($"Line {number}: {lines[i].Trim()} would end the kernel and lose all variables. Use the notebook's Restart or Shutdown.");
                code.Add(lines[i]);
                continue;
            }

            var name = magic.Groups["name"].Value;
            if (Languages.TryGetValue(name, out var next))
            {
                EndCode(number + 1);
                language = next;
            }
            else if (Shown.TryGetValue(name, out var mimeType))
            {
                EndCode(number + 1);
                var end = Array.FindIndex(lines, number, line => Magic().Match(line) is { Success: true } other && Languages.ContainsKey(other.Groups["name"].Value));
                end = end < 0 ? lines.Length : end;
                parts.Add(new ShownPart(number, mimeType, string.Join('\n', lines[number..end])));
                (i, codeStart) = (end - 1, end + 1);
            }
            else if (MagicCommands.Forms.ContainsKey(name.ToLowerInvariant()))
            {
                EndCode(number + 1);
                parts.Add(new MagicPart(number, name.ToLowerInvariant(), Words(magic.Groups["rest"].Value), language));
            }
            else
            {
                throw new ConfigException($"Line {number}: there is no magic #!{name}. There are #!{string.Join(", #!", Languages.Values.Distinct().Concat(MagicCommands.Forms.Keys).Concat(Shown.Keys))}.");
            }

            firstOfSegment = parts.Count;
        }

        EndCode(lines.Length + 1);
        return parts;
    }

    /// <summary>The code of one language with everything else blanked out, for completion and diagnostics. Offsets stay as they are.</summary>
    public static string CodeOf(string text, string language, int position, out string languageAtPosition)
    {
        var result = new StringBuilder(text.Length);
        var (current, start, isShown) = (language, 0, false);
        languageAtPosition = language;
        var kept = new List<(string Language, int Start, int End)>();
        while (start <= text.Length)
        {
            var end = text.IndexOf('\n', start);
            end = end < 0 ? text.Length : end;
            var line = text[start..end];
            if (Magic().Match(line) is { Success: true } magic)
            {
                if (Languages.TryGetValue(magic.Groups["name"].Value, out var next)) (current, isShown) = (next, false);
                else if (Shown.ContainsKey(magic.Groups["name"].Value)) isShown = true;
            }
            else if (!isShown && !Reference().IsMatch(line))
            {
                kept.Add((current, start, end));
            }

            if (position >= start && position <= end) languageAtPosition = current;
            start = end + 1;
        }

        result.Append(new string([.. text.Select(character => character == '\n' ? '\n' : ' ')]));
        foreach (var (owner, from, to) in kept)
        {
            if (owner != languageAtPosition) continue;
            for (var i = from; i < to; i++) result[i] = text[i];
        }

        return result.ToString();
    }

    private static List<string> Words(string text) => [.. Word().Matches(text).Select(match => match.Groups["quoted"].Success ? match.Groups["quoted"].Value : match.Value)];

    [GeneratedRegex(@"^\s*#!(?<name>[A-Za-z#]+)(?<rest>.*?)\s*$")]
    private static partial Regex Magic();

    [GeneratedRegex("""^\s*#(?<kind>r|i)\s+@?"(?<target>[^"]*)"\s*(;;)?\s*(//.*)?$""")]
    private static partial Regex Reference();

    [GeneratedRegex(@"^\s*#(quit|q|exit)\b")]
    private static partial Regex Quit();

    [GeneratedRegex("""
        "(?<quoted>[^"]*)"|\S+
        """)]
    private static partial Regex Word();
}
