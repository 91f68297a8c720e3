namespace ResearchKit.FSharp

/// Tokens of text.
[<Measure>]
type token

/// Optimizer updates.
[<Measure>]
type step

/// Floating-point operations, 2 for every multiply-add.
[<Measure>]
type flop
