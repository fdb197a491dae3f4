// Cells of a flash for execution in place: erased when new, written by their part and by loaders.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

using Antmicro.Migrant;
using Antmicro.Renode.Core;
using Antmicro.Renode.Peripherals.Bus;

namespace Antmicro.Renode.Peripherals.Wattbench
{
    public sealed unsafe class FlashMemory : IMapped, IMemory, ISpeciallySerializable, IDisposable
    {
        public FlashMemory(long size)
        {
            Allocate(size);
        }

        public void Load(PrimitiveReader reader)
        {
            Allocate(reader.ReadInt64());
            WriteBytes(0, reader.ReadBytes((int)Size), 0, (int)Size);
        }

        public void Save(PrimitiveWriter writer)
        {
            writer.Write(Size);
            writer.Write(ReadBytes(0, (int)Size));
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

        public long Size { get; private set; }

        public IEnumerable<IMappedSegment> MappedSegments { get; private set; }

        // For snapshots: Load follows.
        private FlashMemory()
        {
        }

        private void Allocate(long size)
        {
            Size = size;
            allocated = Marshal.AllocHGlobal((IntPtr)(size + PageSize));
            cells = (byte*)(((long)allocated + PageSize - 1) & -PageSize);
            new Span<byte>(cells, (int)size).Fill(Erased);
            MappedSegments = new IMappedSegment[] { new Segment(this) };
        }

        private sealed class Segment : IMappedSegment
        {
            public Segment(FlashMemory memory)
            {
                this.memory = memory;
            }

            public void Touch()
            {
                // Allocated from the beginning.
            }

            public IntPtr Pointer => (IntPtr)memory.cells;

            public ulong StartingOffset => 0;

            public ulong Size => (ulong)memory.Size;

            private readonly FlashMemory memory;
        }

        private IntPtr allocated;
        private byte* cells;

        private const long PageSize = 4096;
        private const byte Erased = 0xFF;
    }
}
