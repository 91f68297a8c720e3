// The text of values that have no form of their own. F# values are printed by the F# engine's rule instead.
using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace ResearchKit.Notebooks;

/// <summary>Values as text, the same in every culture: numbers as they are, sequences up to twenty items, other objects by <c>ToString</c> or by their public properties.</summary>
public static class PlainText
{
    private const int MostItems = 20;

    private const int MostCharacters = 400;

    /// <summary>The text of a value.</summary>
    public static string Of(object? value)
    {
        if (value is string text) return text;
        var builder = new StringBuilder();
        Write(builder, value, depth: 0);
        return builder.ToString();
    }

    private static void Write(StringBuilder builder, object? value, int depth)
    {
        switch (value)
        {
            case null: builder.Append("null"); break;
            case string text: builder.Append('"').Append(text.Length > MostCharacters ? text[..MostCharacters] + "…" : text).Append('"'); break;
            case char character: builder.Append('\'').Append(character).Append('\''); break;
            case bool flag: builder.Append(flag ? "true" : "false"); break;
            case Type type: builder.Append(TypeName(type)); break;
            case Exception error: builder.Append(error.GetType().Name).Append(": ").Append(error.Message); break;
            case Task task: builder.Append(TypeName(task.GetType().BaseType == typeof(Task) ? task.GetType() : typeof(Task))).Append(", ").Append(task.Status).Append(" (await it to see its result)"); break;
            case IDictionary pairs: WriteItems(builder, pairs.Cast<object>(), pairs.Count, depth, '{', '}'); break;
            case IEnumerable items when HasOwnText(items.GetType()) is false: WriteItems(builder, items.Cast<object?>(), (items as ICollection)?.Count, depth, '[', ']'); break;
            case DictionaryEntry pair: WritePair(builder, pair.Key, pair.Value, depth); break;
            case IFormattable number: builder.Append(number.ToString(null, CultureInfo.InvariantCulture)); break;
            default: WriteObject(builder, value, depth); break;
        }
    }

    private static void WriteItems(StringBuilder builder, IEnumerable<object?> items, int? count, int depth, char open, char close)
    {
        builder.Append(open);
        var written = 0;
        foreach (var item in items)
        {
            if (written == MostItems)
            {
                builder.Append(CultureInfo.InvariantCulture, $", … {(count is { } all ? $"({all} items)" : "(more)")}");
                break;
            }

            builder.Append(written == 0 ? open == '{' ? " " : "" : ", ");
            if (depth >= 3) builder.Append('…');
            else Write(builder, item, depth + 1);
            written++;
        }

        builder.Append(open == '{' ? " " : "").Append(close);
    }

    private static void WritePair(StringBuilder builder, object? key, object? value, int depth)
    {
        Write(builder, key, depth + 1);
        builder.Append(" = ");
        Write(builder, value, depth + 1);
    }

    private static void WriteObject(StringBuilder builder, object value, int depth)
    {
        var type = value.GetType();
        if (HasOwnText(type))
        {
            builder.Append(value);
            return;
        }

        builder.Append(TypeName(type));
        var properties = Properties(type);
        if (properties.Count == 0 || depth >= 2) return;
        builder.Append(" { ");
        for (var i = 0; i < properties.Count; i++)
        {
            if (i > 0) builder.Append(", ");
            builder.Append(properties[i].Name).Append(" = ");
            Write(builder, Value(properties[i], value), depth + 1);
        }

        builder.Append(" }");
    }

    /// <summary>A type as C# writes it: <c>List&lt;Int32&gt;</c>.</summary>
    internal static string TypeName(Type type) => !type.IsGenericType
        ? type.Name
        : $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(TypeName))}>";

    /// <summary>Public instance properties that can be read without arguments, in the order of declaration.</summary>
    internal static List<PropertyInfo> Properties(Type type) =>
        [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanRead && property.GetIndexParameters().Length == 0 && !property.PropertyType.IsByRefLike)];

    internal static object? Value(PropertyInfo property, object value)
    {
        try
        {
            return property.GetValue(value);
        }
        catch (TargetInvocationException error)
        {
            return error.InnerException;
        }
    }

    private static bool HasOwnText(Type type) =>
        type.GetMethod(nameof(ToString), Type.EmptyTypes)?.DeclaringType is { } owner && owner != typeof(object) && owner != typeof(ValueType);
}
