namespace ResearchKit.Notebooks;

/// <summary>Names the class of an assembly that says how the assembly's types look in notebooks. It is run when the assembly is first met, so loading a package is enough.</summary>
/// <param name="source">A class with a parameterless constructor that implements <see cref="IDisplaySource"/>.</param>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
public sealed class DisplaySourceAttribute(Type source) : Attribute
{
    /// <summary>The class.</summary>
    public Type Source { get; } = source;
}

/// <summary>Says how types look in notebooks; named by <see cref="DisplaySourceAttribute"/>.</summary>
public interface IDisplaySource
{
    /// <summary>Adds the forms.</summary>
    void Register(DisplayRegistry displays);
}
