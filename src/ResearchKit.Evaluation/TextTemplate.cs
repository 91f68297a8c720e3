using System.Text;
using ResearchKit.Core;

namespace ResearchKit.Evaluation;

/// <summary>Text with <c>{field}</c> placeholders; <c>{{</c> and <c>}}</c> stand for braces. Parsed once, rendered for every item.</summary>
public sealed class TextTemplate
{
    private readonly List<(string Text, bool IsField)> _parts = [];

    private TextTemplate()
    {
    }

    /// <summary>Names of the placeholders in order of appearance.</summary>
    public IEnumerable<string> Fields => _parts.Where(part => part.IsField).Select(part => part.Text);

    /// <summary>Parses a template.</summary>
    /// <exception cref="ConfigException">A brace without its partner, or an empty name.</exception>
    public static TextTemplate Parse(string template)
    {
        ConfigException Broken(string what, int at) =>
            new($"Prompt template \"{template}\": {what} at character {at}; write {{name}} for a field, {{{{ and }}}} for braces.");

        var result = new TextTemplate();
        var literal = new StringBuilder();
        for (var i = 0; i < template.Length; i++)
        {
            var c = template[i];
            if (c is '{' or '}' && i + 1 < template.Length && template[i + 1] == c)
            {
                literal.Append(c);
                i++;
            }
            else if (c == '{')
            {
                var end = template.IndexOf('}', i);
                if (end < 0) throw Broken("'{' is never closed", i);
                if (end == i + 1) throw Broken("empty name", i);
                if (literal.Length > 0) result._parts.Add((literal.ToString(), false));
                literal.Clear();
                result._parts.Add((template[(i + 1)..end], true));
                i = end;
            }
            else if (c == '}') throw Broken("'}' was never opened", i);
            else literal.Append(c);
        }

        if (literal.Length > 0) result._parts.Add((literal.ToString(), false));
        return result;
    }

    /// <summary>Puts the fields in place; fields are inserted as they are, braces in them included.</summary>
    /// <param name="fields">Texts by name.</param>
    /// <param name="answer">Text of <c>{answer}</c>; null where the template may not use it.</param>
    /// <param name="owner">Item named in errors.</param>
    /// <exception cref="ConfigException">A placeholder that the item has no text for.</exception>
    public string Render(IReadOnlyDictionary<string, string> fields, string? answer, string owner)
    {
        var text = new StringBuilder();
        foreach (var (part, isField) in _parts)
        {
            if (!isField) text.Append(part);
            else if (part == "answer" && answer is not null) text.Append(answer);
            else if (fields.TryGetValue(part, out var value)) text.Append(value);
            else
            {
                var known = string.Join(", ", fields.Keys.Order(StringComparer.Ordinal));
                throw new ConfigException($"Prompt template: item {owner} has no field `{part}`; its fields are {known}" + (answer is null ? "." : ", and `answer`."));
            }
        }

        return text.ToString();
    }
}
