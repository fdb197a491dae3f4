// The native device room beside a machine of Renode: blocks and models on a machine of wattbench's core that has no CPU.
// It is brought to Renode's time before each access, and by one alarm on Renode's clock.
using System;
using System.Linq;
using System.Runtime.InteropServices;

using Antmicro.Migrant;
using Antmicro.Renode.Core;
using Antmicro.Renode.Logging;
using Antmicro.Renode.Peripherals.CPU;
using Antmicro.Renode.Time;

namespace Antmicro.Renode.Peripherals.Wattbench
{
    public sealed unsafe class Room
    {
        public Room(IMachine machine, long gridNs)
        {
            this.machine = machine;
            this.gridNs = gridNs;
            scheduledNs = long.MaxValue;
            foreach(var old in machine.ClockSource.GetAllClockEntries().Where(x => x.LocalName == AlarmName).ToArray())
            {
                machine.ClockSource.TryRemoveClockEntry(old.Handler);
            }
            machine.ClockSource.AddClockEntry(new ClockEntry(1, NsPerSecond, OnAlarm, machine, AlarmName,
                enabled: false, workMode: WorkMode.OneShot));
        }

        // Function pointers of the Python side; none of them lets an exception through.
        public void Attach(long native, long input, long character, long reset)
        {
            this.native = (IntPtr)native;
            pythonInput = (IntPtr)input;
            pythonCharacter = (IntPtr)character;
            pythonReset = (IntPtr)reset;
        }

        public uint Read(uint address, uint size)
        {
            lock(machine)
            {
                uint value = 0;
                Enter();
                wb_device_access(native, address, size, 0, &value);
                Leave();
                return value;
            }
        }

        public void Write(uint address, uint size, uint value)
        {
            lock(machine)
            {
                Enter();
                wb_device_access(native, address, size, 1, &value);
                Leave();
            }
        }

        public void Input(int model, int number, bool level)
        {
            lock(machine)
            {
                Enter();
                ((delegate* unmanaged[Cdecl]<uint, uint, uint, void>)pythonInput)((uint)model, (uint)number, level ? 1u : 0);
                Leave();
            }
        }

        public void Character(int model, byte value)
        {
            lock(machine)
            {
                Enter();
                ((delegate* unmanaged[Cdecl]<uint, uint, void>)pythonCharacter)((uint)model, value);
                Leave();
            }
        }

        public void ResetModel(int model)
        {
            lock(machine)
            {
                Enter();
                ((delegate* unmanaged[Cdecl]<uint, void>)pythonReset)((uint)model);
                Leave();
            }
        }

        // Everything up to now has happened, and the alarm stands right. For Python, between runs.
        public void Synchronise()
        {
            lock(machine)
            {
                Enter();
                Leave();
            }
        }

        public void Schedule()
        {
            var now = NowNs;
            var wanted = NextNs;
            if(wanted == long.MaxValue)
            {
                return;
            }
            if(HostDeadlineNs > wanted)
            {
                wanted = Math.Min((wanted / gridNs + 1) * gridNs, HostDeadlineNs);
            }
            wanted = Math.Max(wanted, now + 1);
            if(wanted >= scheduledNs)
            {
                return;
            }
            scheduledNs = wanted;
            machine.ClockSource.ExchangeClockEntryWith(OnAlarm,
                entry => entry.With(period: (ulong)(wanted - now), value: 0, enabled: true), null);
        }

        public void Forget() => scheduledNs = long.MaxValue;

        public long NowNs => (long)machine.ClockSource.CurrentValue.Ticks;

        public ulong CurrentPc() => machine.SystemBus.TryGetCurrentCPU(out var cpu) ? cpu.PC.RawValue : 0;

        // Translated code of these addresses is stale: Python wrote to the memory behind them.
        public void CodeChanged(long first, long size)
        {
            foreach(var cpu in machine.SystemBus.GetCPUs().OfType<TranslationCPU>())
            {
                cpu.OrderTranslationBlocksInvalidation(new IntPtr(first), new IntPtr(first + size), false);
            }
        }

        public void LogLine(int level, string text) => machine.Log((LogLevel)level, text);

        // Figures for measurements.
        public long Accesses { get; private set; }

        public long Alarms { get; private set; }

        private void Enter()
        {
            Accesses++;
            if(depth++ > 0)
            {
                return;
            }
            if(machine.SystemBus.TryGetCurrentCPU(out var cpu))
            {
                cpu.SyncTime();
            }
            Advance();
        }

        private void Leave()
        {
            if(--depth == 0)
            {
                Schedule();
            }
        }

        // A run that a listener ends early goes on: Renode's time cannot be stopped in the middle of an instruction.
        private void Advance()
        {
            var now = NowNs;
            var last = *(long*)native;
            while(last < now)
            {
                wb_run(native, now);
                var reached = *(long*)native;
                if(reached <= last && ++stuck > MaximumStops)
                {
                    throw new InvalidOperationException("wattbench's device room does not get on");
                }
                last = reached;
            }
            stuck = 0;
        }

        private void OnAlarm()
        {
            if(native == IntPtr.Zero)
            {
                return;
            }
            lock(machine)
            {
                Alarms++;
                scheduledNs = long.MaxValue;
                if(depth++ == 0)
                {
                    Advance();
                }
                Leave();
            }
        }

        private long NextNs => ((long*)native)[1];

        private long HostDeadlineNs => ((long*)native)[2];

        [DllImport(Generated.Library)]
        private static extern uint wb_run(IntPtr machine, long untilNs);

        [DllImport(Generated.Library)]
        private static extern int wb_device_access(IntPtr machine, uint address, uint size, uint isWrite, uint* value);

        [Transient]
        private IntPtr native;
        [Transient]
        private IntPtr pythonInput;
        [Transient]
        private IntPtr pythonCharacter;
        [Transient]
        private IntPtr pythonReset;
        private int depth;
        private int stuck;
        private long scheduledNs;

        private readonly IMachine machine;
        private readonly long gridNs;

        private const ulong NsPerSecond = 1000000000;
        private const string AlarmName = "wattbench models";
        private const int MaximumStops = 1000;
    }
}
