// Cells of a flash for execution in place: erased when new, written by their part and by loaders.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

using Antmicro.Renode.Core;
using Antmicro.Renode.Peripherals.Bus;

namespace Antmicro.Renode.Peripherals.Wattbench
{
    public sealed unsafe class FlashMemory : IMapped, IMemory, IDisposable
    {
        public FlashMemory(long size)
        {
            Size = size;
            allocated = Marshal.AllocHGlobal((IntPtr)(size + PageSize));
            cells = (byte*)(((long)allocated + PageSize - 1) & -PageSize);
            new Span<byte>(cells, (int)size).Fill(Erased);
            MappedSegments = new IMappedSegment[] { new Segment((IntPtr)cells, (ulong)size) };
        }

        public byte ReadByte(long offset) => cells[offset];

        public ushort ReadWord(long offset) => *(ushort*)(cells + offset);

        public uint ReadDoubleWord(long offset) => *(uint*)(cells + offset);

        public ulong ReadQuadWord(long offset) => *(ulong*)(cells + offset);

        public void WriteByte(long offset, byte value) => cells[offset] = value;

        public void WriteWord(long offset, ushort value) => *(ushort*)(cells + offset) = value;

        public void WriteDoubleWord(long offset, uint value) => *(uint*)(cells + offset) = value;

        public void WriteQuadWord(long offset, ulong value) => *(ulong*)(cells + offset) = value;

        public byte[] ReadBytes(long offset, int count, IPeripheral context = null) =>
            new Span<byte>(cells + offset, count).ToArray();

        public void WriteBytes(long offset, byte[] array, int startingIndex, int count, IPeripheral context = null) =>
            new Span<byte>(array, startingIndex, count).CopyTo(new Span<byte>(cells + offset, count));

        public void Reset()
        {
            // Contents stay.
        }

        public void Dispose() => Marshal.FreeHGlobal(allocated);

        public long Size { get; }

        public IEnumerable<IMappedSegment> MappedSegments { get; }

        private sealed class Segment : IMappedSegment
        {
            public Segment(IntPtr pointer, ulong size)
            {
                Pointer = pointer;
                Size = size;
            }

            public void Touch()
            {
                // Allocated from the beginning.
            }

            public IntPtr Pointer { get; }

            public ulong StartingOffset => 0;

            public ulong Size { get; }
        }

        private readonly IntPtr allocated;
        private readonly byte* cells;

        private const long PageSize = 4096;
        private const byte Erased = 0xFF;
    }
}
