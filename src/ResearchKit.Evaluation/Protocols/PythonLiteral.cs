using System.Globalization;
using System.Text;
using ResearchKit.Core;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>Reads a Python literal of lists, dictionaries and strings, as some published rows hold (RACE's <c>problems</c>). Nothing is executed.</summary>
internal sealed class PythonLiteral
{
    private readonly string _text;
    private int _at;

    private PythonLiteral(string text) => _text = text;

    /// <summary>Strings, <c>List&lt;object&gt;</c> and <c>Dictionary&lt;string, object&gt;</c>.</summary>
    /// <exception cref="ConfigException">Not such a literal.</exception>
    public static object Parse(string text)
    {
        var reader = new PythonLiteral(text);
        var value = reader.Value(0);
        reader.SkipSpace();
        return reader._at == text.Length ? value : throw reader.Broken("the end");
    }

    private object Value(int depth)
    {
        SkipSpace();
        if (depth > 32) throw Broken("fewer nested brackets");
        return Peek() switch
        {
            '[' => List(depth),
            '{' => Dictionary(depth),
            '\'' or '"' => String(),
            _ => throw Broken("a list, a dictionary or a string"),
        };
    }

    private List<object> List(int depth)
    {
        var items = new List<object>();
        _at++;
        while (!Ends(']', items.Count))
        {
            items.Add(Value(depth + 1));
        }

        return items;
    }

    private Dictionary<string, object> Dictionary(int depth)
    {
        var entries = new Dictionary<string, object>();
        _at++;
        while (!Ends('}', entries.Count))
        {
            SkipSpace();
            var key = Peek() is '\'' or '"' ? String() : throw Broken("a key");
            SkipSpace();
            if (Peek() != ':') throw Broken("':'");
            _at++;
            entries[key] = Value(depth + 1);
        }

        return entries;
    }

    private bool Ends(char close, int count)
    {
        SkipSpace();
        if (Peek() == close)
        {
            _at++;
            return true;
        }

        if (count == 0) return false;
        if (Peek() != ',') throw Broken($"',' or '{close}'");
        _at++;
        SkipSpace();
        if (Peek() != close) return false;
        _at++;
        return true;
    }

    private string String()
    {
        var quote = _text[_at++];
        var text = new StringBuilder();
        while (Peek() != quote)
        {
            var c = _text[_at++];
            if (c != '\\') text.Append(c);
            else text.Append(Escape());
        }

        _at++;
        return text.ToString();
    }

    private string Escape()
    {
        var c = Peek();
        _at++;
        return c switch
        {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            '\\' or '\'' or '"' => c.ToString(),
            'x' => Code(2),
            'u' => Code(4),
            'U' => Code(8),
            _ => "\\" + c,
        };
    }

    private string Code(int digits)
    {
        if (_at + digits > _text.Length || !int.TryParse(_text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            || code is < 0 or > 0x10FFFF) throw Broken($"{digits} hexadecimal digits");
        _at += digits;
        return code is >= 0xD800 and < 0xE000 ? ((char)code).ToString() : char.ConvertFromUtf32(code);
    }

    private char Peek() => _at < _text.Length ? _text[_at] : throw Broken("more text");

    private void SkipSpace()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at])) _at++;
    }

    private ConfigException Broken(string expected) => new($"Not a Python literal of lists, dictionaries and strings: expected {expected} at character {_at} of \"{(_text.Length > 60 ? _text[..60] + "…" : _text)}\".");
}
