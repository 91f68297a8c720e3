using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ResearchKit.Core.Tokenization;

/// <summary>Ids of pieces seen before, found by their characters without making a string. Forgets everything when full.</summary>
internal sealed class WordCache
{
    /// <summary>Longest piece worth keeping, UTF-16 units.</summary>
    public const int LongestPiece = 48;

    private const int MaxSlotCount = 1 << 17;

    private Slot[] _slots = new Slot[1 << 10];
    private char[] _text = new char[1 << 12];
    private int[] _ids = new int[1 << 10];
    private int _count, _textLength, _idCount;

    private struct Slot
    {
        public uint Hash;
        public int Text;
        public int Ids;                                                   // the id itself where there is one only
        public ushort Length;                                             // 0: free
        public ushort Count;
    }

    /// <summary>Looks a piece up.</summary>
    /// <param name="piece">1 to <see cref="LongestPiece"/> units.</param>
    /// <param name="hash">Its hash, for <see cref="Add"/>.</param>
    /// <param name="single">The id where the piece is one token.</param>
    /// <param name="ids">The ids where it is several; valid until the next <see cref="Add"/>.</param>
    /// <returns>Number of ids; 0 where the piece is unknown.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(ReadOnlySpan<char> piece, out uint hash, out int single, out ReadOnlySpan<int> ids)
    {
        hash = Hash(piece);
        var slots = _slots;
        for (var i = (int)hash & (slots.Length - 1); ; i = (i + 1) & (slots.Length - 1))
        {
            ref readonly var slot = ref slots[i];
            if (slot.Length == 0)
            {
                single = 0;
                ids = default;
                return 0;
            }

            if (slot.Hash != hash || slot.Length != piece.Length || !_text.AsSpan(slot.Text, slot.Length).SequenceEqual(piece)) continue;
            single = slot.Ids;
            ids = slot.Count == 1 ? default : _ids.AsSpan(slot.Ids, slot.Count);
            return slot.Count;
        }
    }

    /// <summary>Remembers a piece that <see cref="Find"/> did not know.</summary>
    public void Add(ReadOnlySpan<char> piece, uint hash, ReadOnlySpan<int> ids)
    {
        if (2 * (_count + 1) > _slots.Length) MakeRoom();
        var slot = new Slot { Hash = hash, Text = _textLength, Length = (ushort)piece.Length, Count = (ushort)ids.Length, Ids = ids[0] };
        Append(ref _text, ref _textLength, piece);
        if (ids.Length > 1)
        {
            slot.Ids = _idCount;
            Append(ref _ids, ref _idCount, ids);
        }

        Insert(_slots, slot);
        _count++;
    }

    private static void Append<T>(ref T[] store, ref int length, ReadOnlySpan<T> items)
    {
        if (length + items.Length > store.Length) Array.Resize(ref store, 2 * (length + items.Length));
        items.CopyTo(store.AsSpan(length));
        length += items.Length;
    }

    private static void Insert(Slot[] slots, Slot slot)
    {
        var i = (int)slot.Hash & (slots.Length - 1);
        while (slots[i].Length != 0) i = (i + 1) & (slots.Length - 1);
        slots[i] = slot;
    }

    private void MakeRoom()
    {
        if (_slots.Length == MaxSlotCount)
        {
            Array.Clear(_slots);
            _count = _textLength = _idCount = 0;
            return;
        }

        var larger = new Slot[2 * _slots.Length];
        foreach (var slot in _slots)
        {
            if (slot.Length != 0) Insert(larger, slot);
        }

        _slots = larger;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Hash(ReadOnlySpan<char> piece)
    {
        const ulong Prime = 0x9E3779B97F4A7C15;
        var hash = (ulong)piece.Length;
        var bytes = MemoryMarshal.AsBytes(piece);
        while (bytes.Length > 8)
        {
            hash = Mix(hash ^ MemoryMarshal.Read<ulong>(bytes));
            bytes = bytes[8..];
        }

        var last = bytes.Length switch
        {
            8 => MemoryMarshal.Read<ulong>(bytes),
            6 => MemoryMarshal.Read<uint>(bytes) | ((ulong)MemoryMarshal.Read<ushort>(bytes[4..]) << 32),
            4 => MemoryMarshal.Read<uint>(bytes),
            2 => MemoryMarshal.Read<ushort>(bytes),
            _ => 0UL,
        };
        return (uint)(Mix(hash ^ last) >> 32);

        static ulong Mix(ulong z)
        {
            z *= Prime;
            return z ^ (z >> 29);
        }
    }
}
