using System.Collections.Concurrent;
using System.Reflection;

namespace ResearchKit.Notebooks;

/// <summary>How values look: from type to MIME bundle. The form of the nearest type wins: the type itself, its generic definition, its base classes, its interfaces, then the general rules. Thread-safe.</summary>
public sealed class DisplayRegistry
{
    private readonly ConcurrentDictionary<Type, Func<object, MimeBundle>> _forms = new();
    private readonly ConcurrentDictionary<Assembly, bool> _met = new();
    private readonly object _gate = new();
    private int _looked;
    private (Func<object, bool> Applies, Func<object, MimeBundle> Form)[] _rules = [];

    internal DisplayRegistry()
    {
        Add<MimeBundle>(bundle => bundle);
        Add<Markup>(markup => MimeBundle.OfHtml(markup.Content, markup.ToString()));
        Add<Charts.PlotlyFigure>(figure => figure.ToBundle());
        Add<Plotly.NET.GenericChart>(chart => Charts.PlotlyFigure.Of(chart).ToBundle());
        AppDomain.CurrentDomain.AssemblyLoad += (_, loaded) => Meet(loaded.LoadedAssembly);
    }

    /// <summary>The types with a form of their own, in the order of their names.</summary>
    public IReadOnlyList<Type> Types
    {
        get
        {
            MeetLoaded();
            return [.. _forms.Keys.OrderBy(type => type.FullName, StringComparer.Ordinal)];
        }
    }

    /// <summary>Sets the form of a type and of the types derived from it.</summary>
    /// <param name="form">From a value to what is shown.</param>
    public void Add<T>(Func<T, MimeBundle> form) where T : notnull => Add(typeof(T), value => form((T)value));

    /// <summary>Sets the HTML and text forms of a type and of the types derived from it.</summary>
    /// <param name="html">Markup to be placed within a page; must escape what it quotes.</param>
    /// <param name="text">Text form; null takes the general one.</param>
    public void Add<T>(Func<T, string> html, Func<T, string>? text) where T : notnull =>
        Add<T>(value => MimeBundle.OfHtml(html(value), text is null ? PlainText.Of(value) : text(value)));

    /// <summary>Sets the form of a type; an open generic type such as <c>typeof(List&lt;&gt;)</c> stands for all its constructions.</summary>
    public void Add(Type type, Func<object, MimeBundle> form) => _forms[type] = form;

    /// <summary>Adds a general rule, asked when no type fits; the latest rule is asked first.</summary>
    public void AddRule(Func<object, bool> applies, Func<object, MimeBundle> form)
    {
        lock (_gate) _rules = [(applies, form), .. _rules];
    }

    /// <summary>What a value looks like. A form that fails is replaced by the general text and a line that names the failure.</summary>
    public MimeBundle Format(object? value)
    {
        if (value is null) return MimeBundle.OfText("null");
        if (value is MimeBundle ready) return ready;
        MeetLoaded();
        try
        {
            if (Find(value.GetType()) is { } form) return form(value);
            foreach (var rule in _rules)
            {
                if (rule.Applies(value)) return rule.Form(value);
            }

            return TableDisplay.Of(value) ?? MimeBundle.OfText(PlainText.Of(value));
        }
        catch (Exception error) when (error is not (OperationCanceledException or ThreadInterruptedException or OutOfMemoryException))
        {
            return MimeBundle.OfText($"{value.GetType().FullName}\n(showing it failed: {error.GetType().Name}: {error.Message})");
        }
    }

    /// <summary>A sequence of records as a table, up to fifty rows; null for other sequences.</summary>
    public MimeBundle? Table(System.Collections.IEnumerable items) => TableDisplay.Of(items);

    private Func<object, MimeBundle>? Find(Type type)
    {
        for (var at = type; at is not null && at != typeof(object); at = at.BaseType)
        {
            if (_forms.TryGetValue(at, out var form) || (at.IsGenericType && _forms.TryGetValue(at.GetGenericTypeDefinition(), out form))) return form;
        }

        // Interfaces in the order of their names, so that the choice does not depend on the runtime's order.
        foreach (var contract in type.GetInterfaces().OrderBy(contract => contract.FullName, StringComparer.Ordinal))
        {
            if (_forms.TryGetValue(contract, out var form) || (contract.IsGenericType && _forms.TryGetValue(contract.GetGenericTypeDefinition(), out form))) return form;
        }

        return null;
    }

    private void MeetLoaded()
    {
        // Not whether any assembly was met: one that was loaded since this registry was made may be the first.
        if (Interlocked.Exchange(ref _looked, 1) == 1) return;
        Meet(typeof(DisplayRegistry).Assembly);
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies()) Meet(assembly);
    }

    private void Meet(Assembly assembly)
    {
        if (assembly.IsDynamic || !_met.TryAdd(assembly, true)) return;
        foreach (var attribute in assembly.GetCustomAttributes<DisplaySourceAttribute>())
        {
            ((IDisplaySource)Activator.CreateInstance(attribute.Source)!).Register(this);
        }
    }
}
