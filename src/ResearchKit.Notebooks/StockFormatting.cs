using System.Reflection;

namespace ResearchKit.Notebooks;

/// <summary>Gives the displays of this registry to a stock .NET Interactive kernel, where the kit is loaded as a library: <c>StockFormatting.Connect()</c> in a cell.</summary>
/// <remarks>By reflection over Microsoft.DotNet.Interactive.Formatting, the copy that the running kernel has loaded: a compiled reference would bind to another copy, and that package is no longer developed.</remarks>
public static class StockFormatting
{
    private const string AssemblyName = "Microsoft.DotNet.Interactive.Formatting";

    /// <summary>Registers the HTML and text forms of every type that has one. Does nothing outside a stock kernel.</summary>
    /// <returns>How many types were registered; 0 outside a stock kernel.</returns>
    public static int Connect()
    {
        var formatter = AppDomain.CurrentDomain.GetAssemblies().FirstOrDefault(assembly => assembly.GetName().Name == AssemblyName)?.GetType(AssemblyName + ".Formatter");
        var register = formatter?.GetMethod("Register", BindingFlags.Public | BindingFlags.Static, [typeof(Type), typeof(Action<object, TextWriter>), typeof(string)]);
        var prefer = formatter?.GetMethod("SetPreferredMimeTypesFor", BindingFlags.Public | BindingFlags.Static, [typeof(Type), typeof(string[])]);
        if (register is null) return 0;
        var types = Notebook.Displays.Types;
        foreach (var type in types)
        {
            Action<object, TextWriter> html = (value, writer) => writer.Write(Notebook.Displays.Format(value) is { Html: { } markup } ? markup : "<pre>" + System.Net.WebUtility.HtmlEncode(Notebook.Displays.Format(value).PlainText) + "</pre>");
            Action<object, TextWriter> text = (value, writer) => writer.Write(Notebook.Displays.Format(value).PlainText);
            register.Invoke(null, [type, html, MimeBundle.HtmlType]);
            register.Invoke(null, [type, text, MimeBundle.PlainTextType]);
            prefer?.Invoke(null, [type, new[] { MimeBundle.HtmlType }]);
        }

        return types.Count;
    }
}
