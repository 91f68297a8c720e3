namespace ResearchKit.FSharp

open ResearchKit.Core.Data
open ResearchKit.Core.Files
open ResearchKit.Core.Tokenization
open ResearchKit.Evaluation.Suite

/// Text for pre-training: read, generated, packed into token files, drawn in batches.
[<RequireQualifiedAccess>]
module Data =

    /// A text file as UTF-8, plain or gzipped.
    let read (path: string) : Result<string, string list> = Problems.catch (fun () -> InputFile.Text path)

    /// A corpus: a folder of texts with subfolders. A manifest in it gives their splits; without one all are for training.
    let corpus (folder: string) : Result<TextCorpus, string list> = Problems.catch (fun () -> TextCorpus.ReadFolder folder)

    /// The texts of one split of a corpus.
    let texts (split: string) (corpus: TextCorpus) : Result<string list, string list> =
        Problems.catch (fun () -> List.ofSeq (corpus.Texts split))

    /// The first documents of the generated pre-training text: easy ones first, each a pure function of seed and number.
    let generated (seed: int64) (count: int) : GeneratedDocument list =
        [ for index in 0L .. int64 count - 1L -> PretrainingDocuments.Generate(seed, index) ]

    /// Encodes texts and packs them into a token file, an end-of-text token after each.
    let pack (path: string) (tokenizer: ITokenizer) (texts: string seq) : Result<PackingProgress, string list> =
        Problems.catch (fun () -> PackedDocuments.Write(path, texts, tokenizer))

    /// Packs generated documents so that only what a document determines carries loss.
    let packMarked (path: string) (tokenizer: ITokenizer) (documents: GeneratedDocument seq) : Result<PackingProgress, string list> =
        let tokenized (document: GeneratedDocument) =
            let pieces = [| for struct (text, carriesLoss) in document.Pieces -> tokenizer.Encode text, carriesLoss |]
            TokenizedDocument(Array.collect fst pieces, pieces |> Array.collect (fun (ids, carriesLoss) -> Array.map (fun _ -> carriesLoss) ids))

        Problems.catch (fun () -> PackedDocuments.Write(path, Seq.map tokenized documents, tokenizer))

    /// Opens a token file and checks its checksum. Dispose it when done.
    let openShard (path: string) : Result<TokenShard, string list> = Problems.catch (fun () -> TokenShard.Open path)

    /// Random windows of a token file without replacement, so many tokens long, so many at once.
    let batches (length: int<token>) (batchSize: int) (seed: int64) (shard: TokenShard) : IBatchSource =
        BatchSampler(shard, int length, batchSize, seed)

    /// Windows of several token files, mixed by weight.
    let mixture (length: int<token>) (batchSize: int) (seed: int64) (sources: MixtureSource list) : IBatchSource =
        MixtureSampler(Array.ofList sources, int length, batchSize, seed)

    /// The windows of a token file in order, each once, at most so many batches: for validation.
    let inOrder (length: int<token>) (batchSize: int) (most: int) (shard: TokenShard) : TokenBatch list =
        BatchSampler.InOrder(shard, int length, batchSize) |> Seq.truncate most |> List.ofSeq
