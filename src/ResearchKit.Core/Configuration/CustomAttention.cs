using System.Collections.Concurrent;
using System.Text.Json.Serialization;

namespace ResearchKit.Core.Configuration;

/// <summary>A pattern of your own: a name and a rule. Masked dense attention computes it, with every path of scoring, caching and training.</summary>
/// <remarks>
/// Files hold the name alone. A program that reads such a file must have called <see cref="Define"/> with that name before; one that has not is told so.
/// Heads are alike. A rule that is the same at every call and depends on its two arguments only is the caller's promise.
/// </remarks>
public sealed record CustomAttention : AttentionPattern
{
    private static readonly ConcurrentDictionary<string, Func<int, int, bool>> Defined = new(StringComparer.Ordinal);

    private readonly Func<int, int, bool>? _sees;

    /// <summary>A pattern that was defined under this name; <see cref="Problems"/> says where there is none.</summary>
    [JsonConstructor]
    public CustomAttention(string name)
    {
        Name = name;
        Defined.TryGetValue(name, out _sees);
    }

    /// <summary>Name in files and messages.</summary>
    public string Name { get; }

    /// <summary>Defines a pattern. Defining a name again replaces it for patterns made from then on; those made before keep their rule.</summary>
    /// <param name="name">Name in files and messages; not empty.</param>
    /// <param name="sees">Whether the query at the first position sees the key at the second (0-based). Asked about earlier keys alone:
    /// a position always sees itself, and never a later one.</param>
    /// <exception cref="ConfigException">The name is empty.</exception>
    public static CustomAttention Define(string name, Func<int, int, bool> sees)
    {
        if (string.IsNullOrWhiteSpace(name)) throw new ConfigException("An attention pattern needs a name, under which files refer to it.");
        ArgumentNullException.ThrowIfNull(sees);
        Defined[name] = sees;
        return new CustomAttention(name);
    }

    /// <inheritdoc/>
    public override bool Allows(int i, int j) => j == i || (j < i && (_sees ?? throw new ConfigException(Undefined))(i, j));

    /// <inheritdoc/>
    public override IEnumerable<string> Problems() => _sees is null ? [Undefined] : [];

    private string Undefined =>
        $"attention pattern `{Name}` is not defined in this program; call CustomAttention.Define(\"{Name}\", (query, key) => …), in F# Pattern.define, before it is used or read.{Known()}";

    private static string Known() => Defined.IsEmpty ? "" : $" Defined are: {string.Join(", ", Defined.Keys.Order(StringComparer.Ordinal))}.";
}
