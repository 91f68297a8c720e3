using System.Text.Json.Nodes;

namespace ResearchKit.Notebooks;

/// <summary>One value in several forms; the front end shows the richest it can. Immutable.</summary>
/// <remarks>Text types hold strings, JSON types (<c>application/json</c>, <c>…+json</c>) hold JSON values. There is always <c>text/plain</c>.</remarks>
public sealed class MimeBundle
{
    /// <summary>MIME type of the text form that every value has.</summary>
    public const string PlainTextType = "text/plain";

    /// <summary>MIME type of HTML.</summary>
    public const string HtmlType = "text/html";

    private readonly SortedDictionary<string, JsonNode> _data;

    private MimeBundle(SortedDictionary<string, JsonNode> data) => _data = data;

    /// <summary>The text form.</summary>
    public string PlainText => Text(PlainTextType)!;

    /// <summary>The HTML form; null where there is none.</summary>
    public string? Html => Text(HtmlType);

    /// <summary>MIME types, in ordinal order.</summary>
    public IReadOnlyCollection<string> Types => _data.Keys;

    /// <summary>A value that is only text.</summary>
    public static MimeBundle OfText(string text) => new(new(StringComparer.Ordinal) { [PlainTextType] = text });

    /// <summary>A value with an HTML form.</summary>
    /// <param name="html">Markup to be placed within a page; must escape what it quotes.</param>
    /// <param name="text">What is shown where there is no HTML: terminals, logs, differences between files.</param>
    public static MimeBundle OfHtml(string html, string text) => OfText(text).With(HtmlType, html);

    /// <summary>The same value with one more form.</summary>
    /// <param name="mimeType">Type, such as <c>image/svg+xml</c>; replaces an earlier form of that type.</param>
    /// <param name="content">Text; for binary types base64.</param>
    public MimeBundle With(string mimeType, string content) => With(mimeType, (JsonNode)content);

    /// <summary>The same value with one more form that is JSON.</summary>
    /// <param name="mimeType">Type, such as <c>application/json</c>.</param>
    /// <param name="content">The JSON value.</param>
    public MimeBundle With(string mimeType, JsonNode content) => new(new(_data, StringComparer.Ordinal) { [mimeType] = content });

    /// <summary>The form of a text type; null where there is none.</summary>
    public string? Text(string mimeType) => _data.TryGetValue(mimeType, out var content) && content is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>The bundle as Jupyter's messages and files carry it: an object from MIME type to content.</summary>
    public JsonObject ToJson() => new(_data.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value.DeepClone())));
}
