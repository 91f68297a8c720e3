using System.Collections.Concurrent;

namespace ResearchKit.Notebooks.Engines;

/// <summary>Where a value waits while one language hands it to another. Public because the receiving cell's code takes it out; not for use in cells.</summary>
public static class SharedValues
{
    private static readonly ConcurrentDictionary<string, object?> s_values = new(StringComparer.Ordinal);

    /// <summary>Puts a value in.</summary>
    public static void Put(string key, object? value) => s_values[key] = value;

    /// <summary>Takes a value out.</summary>
    /// <exception cref="KeyNotFoundException">There is none of that key.</exception>
    public static object? Take(string key) => s_values.TryRemove(key, out var value) ? value : throw new KeyNotFoundException($"No value waits under {key}.");
}
