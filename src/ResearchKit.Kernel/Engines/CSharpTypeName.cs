using System.Globalization;

namespace ResearchKit.Kernel.Engines;

/// <summary>Types as a C# cell must write them to declare a shared value.</summary>
internal static class CSharpTypeName
{
    /// <summary>The full name; <c>dynamic</c> where a cell can't name the type: it is not public, or an F# cell defines it and it has no file.</summary>
    public static string Of(Type type) => Named(type) ?? "dynamic";

    private static string? Named(Type type)
    {
        if (type.IsPointer || type.IsByRef || type.IsGenericParameter) return null;
        if (type.IsArray)
        {
            // C# writes the outermost rank first, so the ranks are collected inwards.
            var ranks = "";
            var element = type;
            for (; element.IsArray; element = element.GetElementType()!) ranks += $"[{new string(',', element.GetArrayRank() - 1)}]";
            return Named(element) is { } name ? name + ranks : null;
        }

        if (!type.IsVisible || type.Assembly.IsDynamic || string.IsNullOrEmpty(type.Assembly.Location)) return null;
        var arguments = new Queue<Type>(type.GetGenericArguments());
        var parts = new List<string>();
        for (var at = type; at is not null; at = at.DeclaringType) parts.Insert(0, at.Name);
        var text = string.IsNullOrEmpty(type.Namespace) ? "global::" : $"global::{type.Namespace}.";
        for (var i = 0; i < parts.Count; i++)
        {
            var tick = parts[i].IndexOf('`', StringComparison.Ordinal);
            text += (i == 0 ? "" : ".") + (tick < 0 ? parts[i] : parts[i][..tick]);
            if (tick < 0) continue;
            var names = new List<string>();
            for (var n = int.Parse(parts[i].AsSpan(tick + 1), CultureInfo.InvariantCulture); n > 0; n--)
            {
                if (Named(arguments.Dequeue()) is not { } argument) return null;
                names.Add(argument);
            }

            text += $"<{string.Join(", ", names)}>";
        }

        return text;
    }
}
