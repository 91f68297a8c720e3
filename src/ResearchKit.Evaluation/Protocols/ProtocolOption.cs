using System.Globalization;
using ResearchKit.Core;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>A point that a source leaves open, how it is read here, and how else it may be read.</summary>
/// <param name="Name">Name, such as <c>answer_context</c>.</param>
/// <param name="Value">Reading in force.</param>
/// <param name="Allowed">Readings to choose from, the default first; where any whole number may stand, one of them is <c>N</c>.</param>
/// <param name="Note">What is open.</param>
public sealed record ProtocolOption(string Name, string Value, IReadOnlyList<string> Allowed, string Note);

/// <summary>Settles the open points of one protocol: the person's choice where there is one, otherwise the default.</summary>
internal sealed class OpenPoints(IReadOnlyDictionary<string, string>? chosen)
{
    private readonly List<ProtocolOption> _options = [];

    public IReadOnlyList<ProtocolOption> Options => _options;

    /// <summary>One of some readings, the default first.</summary>
    public string Choose(string name, string note, params string[] allowed)
    {
        var value = chosen?.GetValueOrDefault(name) ?? allowed[0];
        if (!allowed.Contains(value)) throw new ConfigException($"Option {name} ({value}) must be one of {string.Join(", ", allowed)}: {note}.");
        _options.Add(new(name, value, allowed, note));
        return value;
    }

    /// <summary>A whole number of at least 1, or a word that stands for the default.</summary>
    public int? Count(string name, string note, string byDefault)
    {
        var value = chosen?.GetValueOrDefault(name) ?? byDefault;
        int? count = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 ? number : null;
        if (count is null && value != byDefault) throw new ConfigException($"Option {name} ({value}) must be a whole number of at least 1, or {byDefault}: {note}.");
        _options.Add(new(name, value, [byDefault, "N"], note));
        return count;
    }
}
