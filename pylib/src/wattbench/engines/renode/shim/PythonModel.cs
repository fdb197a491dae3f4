// A model of wattbench as Renode sees it. Renode makes it from a .repl; `wattbench.engines.renode.models` reads what the
// .repl said, makes the model itself and ties both together.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

using Antmicro.Migrant;
using Antmicro.Renode.Core;
using Antmicro.Renode.Core.Structure;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.UART;

namespace Antmicro.Renode.Peripherals.Wattbench
{
    public abstract class PythonModel : IDoubleWordPeripheral, IWordPeripheral, IBytePeripheral, INumberedGPIOOutput,
        IGPIOReceiver, IPeripheralContainer<IPeripheral, NumberRegistrationPoint<int>>,
        IPeripheralContainer<IPeripheral, NullRegistrationPoint>
    {
        protected PythonModel(IMachine machine, string typeName, long size, int[] numbered)
        {
            Machine = machine;
            TypeName = typeName;
            Size = size;
            Connections = numbered.ToDictionary(number => number, number => (IGPIO)new GPIO());
            Outputs = new Dictionary<string, IGPIO>();
            Values = new Dictionary<string, string>();
            References = new Dictionary<string, IPeripheral>();
            Parts = new Dictionary<IPeripheral, int>();
            Levels = new Dictionary<int, bool>();
            Direct = new HashSet<int>();
            Id = Made.Count;
            Made.Add(this);
        }

        public uint ReadDoubleWord(long offset) => Room == null ? 0 : Room.Read(Base + (uint)offset, 4);

        public ushort ReadWord(long offset) => Room == null ? (ushort)0 : (ushort)Room.Read(Base + (uint)offset, 2);

        public byte ReadByte(long offset) => Room == null ? (byte)0 : (byte)Room.Read(Base + (uint)offset, 1);

        public void WriteDoubleWord(long offset, uint value) => Room?.Write(Base + (uint)offset, 4, value);

        public void WriteWord(long offset, ushort value) => Room?.Write(Base + (uint)offset, 2, value);

        public void WriteByte(long offset, byte value) => Room?.Write(Base + (uint)offset, 1, value);

        public void Reset() => Room?.ResetModel(Id);

        // A level that comes before the model exists is kept; inputs that Python drives itself are not driven twice.
        public void OnGPIO(int number, bool value)
        {
            Levels[number] = value;
            if(!Direct.Contains(number))
            {
                Room?.Input(Id, number, value);
            }
        }

        public void Register(IPeripheral part, NumberRegistrationPoint<int> point)
        {
            Parts.Add(part, point.Address);
            Machine.RegisterAsAChildOf(this, part, point);
        }

        public void Register(IPeripheral part, NullRegistrationPoint point)
        {
            Parts.Add(part, NoNumber);
            Machine.RegisterAsAChildOf(this, part, point);
        }

        public void Unregister(IPeripheral part)
        {
            Parts.Remove(part);
            Machine.UnregisterAsAChildOf(this, part);
        }

        public IEnumerable<NumberRegistrationPoint<int>> GetRegistrationPoints(IPeripheral part) =>
            Parts.Where(x => x.Key == part && x.Value != NoNumber).Select(x => new NumberRegistrationPoint<int>(x.Value));

        IEnumerable<NullRegistrationPoint>
            IPeripheralContainer<IPeripheral, NullRegistrationPoint>.GetRegistrationPoints(IPeripheral part) =>
            Parts.Where(x => x.Key == part && x.Value == NoNumber).Select(x => NullRegistrationPoint.Instance);

        // For Python

        // The models of a machine that Renode has loaded from a snapshot take the places of those they were saved from.
        public static PythonModel[] Loaded(IMachine machine)
        {
            var models = machine.GetPeripheralsOfType<PythonModel>().ToArray();
            foreach(var model in models)
            {
                Made[model.Id] = model;
            }
            return models;
        }

        public string[] ValueNames() => Values.Keys.ToArray();

        public string Value(string name) => Values[name];

        public string[] ReferenceNames() => References.Keys.ToArray();

        public IPeripheral Reference(string name) => References[name];

        public int ReferenceId(string name) => IdOf(References[name]);

        public string[] OutputNames() => Outputs.Keys.ToArray();

        public int[] OutputNumbers() => Connections.Keys.ToArray();

        public IGPIO Output(string name) => Outputs[name];

        public IGPIO Output(int number) => Connections[number];

        // Pairs of id and input number for the models at the other end of an output.
        public static int[] Models(IGPIO output) =>
            output.Endpoints.Where(x => x.Receiver is PythonModel)
                .SelectMany(x => new[] { ((PythonModel)x.Receiver).Id, x.Number }).ToArray();

        public static GPIOEndpoint[] Others(IGPIO output) =>
            output.Endpoints.Where(x => !(x.Receiver is PythonModel)).ToArray();

        public int[] PartIds() => Parts.Keys.OfType<PythonModel>().Select(x => x.Id).ToArray();

        public int PartNumber(int id) => Parts[Made[id]];

        public int[] LevelNumbers() => Levels.Keys.ToArray();

        public bool Level(int number) => Levels[number];

        public bool IsDirect(int number) => Direct.Contains(number);

        public void DriveDirectly(int number) => Direct.Add(number);

        public void Place()
        {
            var point = Machine.SystemBus.GetRegistrationPoints(this).OfType<BusRangeRegistration>()
                .FirstOrDefault(x => !Wattbench.Parts.IsLocal(x));
            IsOnBus = point != null;
            Base = IsOnBus ? (uint)(point.Range.StartAddress - point.Offset) : 0;
            Length = IsOnBus ? (long)point.Range.Size : 0;
        }

        public static void ForgetAll() => Made.Clear();

        public static int IdOf(IPeripheral peripheral) => (peripheral as PythonModel)?.Id ?? NoNumber;

        public static List<PythonModel> Made { get; } = new List<PythonModel>();

        public const int NoNumber = -1;

        public IMachine Machine { get; }

        public string TypeName { get; }

        public long Size { get; }

        public int Id { get; }

        public uint Base { get; private set; }

        public long Length { get; private set; }

        public bool IsOnBus { get; private set; }

        [field: Transient]
        public Room Room { get; set; }

        public IReadOnlyDictionary<int, IGPIO> Connections { get; }

        IEnumerable<IRegistered<IPeripheral, NumberRegistrationPoint<int>>>
            IPeripheralContainer<IPeripheral, NumberRegistrationPoint<int>>.Children =>
            Parts.Where(x => x.Value != NoNumber)
                .Select(x => Registered.Create(x.Key, new NumberRegistrationPoint<int>(x.Value)));

        IEnumerable<IRegistered<IPeripheral, NullRegistrationPoint>>
            IPeripheralContainer<IPeripheral, NullRegistrationPoint>.Children =>
            Parts.Where(x => x.Value == NoNumber).Select(x => Registered.Create(x.Key, NullRegistrationPoint.Instance));

        protected GPIO Named(string name)
        {
            var output = new GPIO();
            Outputs.Add(name, output);
            return output;
        }

        protected void Take(string name, object value)
        {
            if(value is IPeripheral peripheral)
            {
                References.Add(name, peripheral);
            }
            else if(value != null)
            {
                Values.Add(name, Convert.ToString(value, CultureInfo.InvariantCulture));
            }
        }

        private Dictionary<string, IGPIO> Outputs { get; }

        private Dictionary<string, string> Values { get; }

        private Dictionary<string, IPeripheral> References { get; }

        private Dictionary<IPeripheral, int> Parts { get; }

        private Dictionary<int, bool> Levels { get; }

        private HashSet<int> Direct { get; }
    }

    // A model with a serial port: Renode's analyzers, terminals and testers connect to it.
    public abstract class PythonUart : PythonModel, IUART
    {
        protected PythonUart(IMachine machine, string typeName, long size, int[] numbered)
            : base(machine, typeName, size, numbered)
        {
        }

        public void WriteChar(byte value) => Room?.Character(Id, value);

        // From Python: the chip has sent a character.
        public void Sent(byte value) => CharReceived?.Invoke(value);

        public uint BaudRate { get; set; }

        public Bits StopBits => Bits.One;

        public Parity ParityBit => Parity.None;

        [field: Transient]
        public event Action<byte> CharReceived;
    }
}
